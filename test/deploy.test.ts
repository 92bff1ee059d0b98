import { readFileSync } from 'node:fs'
import path from 'node:path'
import { load, loadAll } from 'js-yaml'
import { describe, expect, it } from 'vitest'
import manifest from '../package.json' with { type: 'json' }
import { readConfig } from '../src/config/read-config.ts'
import { readCommand, readDockerfile } from '../testing/image/dockerfile.ts'
import { at, listAt, textAt } from '../testing/json.ts'

const ROOT = path.join(import.meta.dirname, '..')
const text = (file: string) => readFileSync(path.join(ROOT, file), 'utf8')
const yaml = (file: string): unknown => load(text(file))

const deployment = yaml('deploy/deployment.yaml')
const pod = at(deployment, 'spec', 'template')
const container = at(pod, 'spec', 'containers', 0)
const dockerfile = readDockerfile(text('Dockerfile'))
const defaults = readConfig({ env: {}, flags: {} })

const lastOf = (name: string) => dockerfile.findLast((each) => each.name === name)?.rest ?? ''

/** The port with this name, of a container or a Service. */
const portsOf = (object: unknown, field: string) =>
  Object.fromEntries(listAt(object, 'ports').map((port) => [textAt(port, 'name'), at(port, field)]))

describe('the image', () => {
  it('has the Node.js version of the tests', () => {
    const [from = ''] = dockerfile.map(({ rest }) => rest)
    expect(from).toMatch(new RegExp(`^node:${manifest.devDependencies.node}-`))
  })

  it('starts the program as npm start does', () => {
    const [program = '', ...rest] = readCommand(lastOf('ENTRYPOINT'))
    expect([path.basename(program), ...rest].join(' ')).toBe(manifest.scripts.start)
  })

  it("has the package's version in the Deployment", () => {
    expect(textAt(container, 'image')).toBe(`kserve-authz:${manifest.version}`)
  })
})

describe('the configuration of the installation', () => {
  it('repeats defaults only', () => {
    const file = { path: 'config.yaml', text: text('deploy/config.yaml') }
    expect(readConfig({ file, env: {}, flags: {} })).toEqual(defaults)
  })
})

describe('the ports', () => {
  const portIn = (address: string) => Number(address.split(':').at(-1))
  const expected = {
    ...Object.fromEntries(
      defaults.grpc.listeners.map(({ position, address }) => [`grpc-${position}`, portIn(address)]),
    ),
    http: portIn(defaults.http.address),
  }

  it('of the container are the default ports, and so are those of the image', () => {
    expect(portsOf(container, 'containerPort')).toEqual(expected)
    const exposed = lastOf('EXPOSE').split(' ').map(Number)
    expect(new Set(exposed)).toEqual(new Set(Object.values(expected)))
  })

  it('of the Service are the same, and refer to those of the container by name', () => {
    const spec = at(yaml('deploy/service.yaml'), 'spec')
    expect(portsOf(spec, 'port')).toEqual(expected)
    expect(portsOf(spec, 'targetPort')).toEqual(
      Object.fromEntries(Object.keys(expected).map((name) => [name, name])),
    )
  })

  it("match those of Istio's providers", () => {
    const mesh = yaml('istio/mesh-config/mesh-config.yaml')
    const asked = listAt(mesh, 'extensionProviders')
      .map((provider) => at(provider, 'envoyExtAuthzGrpc'))
      .filter((provider) => provider !== undefined)
    const { name, namespace } = Object(at(yaml('deploy/service.yaml'), 'metadata'))
    expect(new Set(asked.map((provider) => textAt(provider, 'service')))).toEqual(
      new Set([`${namespace}/${name}.${namespace}.svc.cluster.local`]),
    )
    expect(asked.map((provider) => at(provider, 'port'))).toEqual(
      defaults.grpc.listeners.map(({ address }) => portIn(address)),
    )
  })
})

describe('the selectors', () => {
  it.each(['deployment.yaml', 'service.yaml', 'disruption-budget.yaml'])(
    'of %s are the labels of the pod',
    (file) => {
      const selector = at(yaml(`deploy/${file}`), 'spec', 'selector')
      const labels = at(selector, 'matchLabels') ?? selector
      expect(at(pod, 'metadata', 'labels')).toMatchObject(Object(labels))
    },
  )
})

describe('a pod', () => {
  it('gets no variables of Services, which would be read as configuration', () => {
    expect(at(pod, 'spec', 'enableServiceLinks')).toBe(false)
  })

  it('has no writable file system', () => {
    expect(at(container, 'securityContext', 'readOnlyRootFilesystem')).toBe(true)
    const volumes = listAt(pod, 'spec', 'volumes')
    expect(volumes.map((volume) => Object.keys(Object(volume)))).toEqual([['name', 'configMap']])
  })

  it('does not run as root', () => {
    expect(at(pod, 'spec', 'securityContext', 'runAsNonRoot')).toBe(true)
    expect(lastOf('USER')).toMatch(/^[1-9]\d*:[1-9]\d*$/)
  })

  it('has no CPU limit', () => {
    expect(at(container, 'resources', 'limits', 'cpu')).toBeUndefined()
  })
})

describe('the replicas', () => {
  it('receive requests through sidecars from the first to the last', () => {
    const namespace = yaml('deploy/namespace.yaml')
    expect(at(namespace, 'metadata', 'labels', 'istio-injection')).toBe('enabled')
    const proxy = load(textAt(pod, 'metadata', 'annotations', 'proxy.istio.io/config'))
    expect(at(proxy, 'holdApplicationUntilProxyStarts')).toBe(true)
  })

  it('do not become fewer during a rollout, and by at most one when nodes are drained', () => {
    const { maxUnavailable } = Object(at(deployment, 'spec', 'strategy', 'rollingUpdate'))
    expect(maxUnavailable).toBe(0)
    expect(at(yaml('deploy/disruption-budget.yaml'), 'spec', 'maxUnavailable')).toBe(1)
    expect(Number(at(deployment, 'spec', 'replicas'))).toBeGreaterThan(1)
  })
})

describe('the permissions', () => {
  it('are to list and watch, and to write only status and events', () => {
    const rules = loadAll(text('deploy/rbac.yaml')).flatMap((object) => listAt(object, 'rules'))
    const beyond = rules
      .flatMap((rule) =>
        listAt(rule, 'resources').flatMap((resource) =>
          listAt(rule, 'verbs').map((verb) => [verb, resource].map(String).join(' ')),
        ),
      )
      .filter((permission) => !/^(list|watch) /.test(permission))
    expect(beyond).toEqual(['patch accesspolicies/status', 'create events'])
  })
})

describe('shutdown', () => {
  it('has time for all its steps', () => {
    const [grace, leaving] = [
      at(pod, 'spec', 'terminationGracePeriodSeconds'),
      at(container, 'lifecycle', 'preStop', 'sleep', 'seconds'),
    ].map(Number)
    expect(leaving).toBeGreaterThanOrEqual(PROPAGATION_SECONDS)
    expect(grace).toBeGreaterThanOrEqual((leaving ?? 0) + DRAIN_SECONDS)
  })
})

/** Until every Envoy knows that the replica terminates. */
const PROPAGATION_SECONDS = 5

/** At most three, of a second each, and then the sidecar. */
const DRAIN_SECONDS = 10
