import { readFileSync } from 'node:fs'
import path from 'node:path'
import { load, loadAll } from 'js-yaml'
import { describe, expect, it } from 'vitest'
import { readConfig } from '../../src/config/read-config.ts'
import type { Written } from '../../testing/cluster/client.ts'
import { CHART, helm, renderChart } from '../../testing/deployment/chart.ts'
import { renderOverlay, renderWith } from '../../testing/deployment/overlay.ts'
import { found } from '../../testing/deployment/render.ts'
import { at, listAt, textAt } from '../../testing/json.ts'
import { shippedObjects } from '../../testing/mesh/installation.ts'

const NAME = 'kserve-authz'

/** By kind, namespace and name. A hash at the end of the name of the configuration is left out. */
function byName(objects: readonly Written[]): ReadonlyMap<string, unknown> {
  const configMap = objects.find(
    ({ kind, metadata }) => kind === 'ConfigMap' && /-[a-z0-9]{10}$/.test(metadata.name),
  )
  const named = configMap?.metadata.name ?? 'no-configuration'
  const alike: Written[] = JSON.parse(JSON.stringify(objects).replaceAll(named, 'configuration'))
  return new Map(
    alike.map((object) => [
      `${object.kind} ${object.metadata.namespace ?? ''}/${object.metadata.name}`,
      object,
    ]),
  )
}

const isNamespace = ({ kind }: Written) => kind === 'Namespace'

/** Helm keeps the CRD, and with it all AccessPolicies, when the chart is uninstalled. */
const KEPT = { 'helm.sh/resource-policy': 'keep' }

const kept = (objects: readonly Written[]) =>
  objects.map((object) =>
    object.kind === 'CustomResourceDefinition'
      ? { ...object, metadata: { ...object.metadata, annotations: KEPT } }
      : object,
  )

const configIn = (objects: readonly Written[]) => {
  const pod = at(found(objects, 'Deployment', NAME), 'spec', 'template', 'spec')
  const mounted = found(objects, 'ConfigMap', textAt(pod, 'volumes', 0, 'configMap', 'name'))
  const file = { path: 'config.yaml', text: textAt(mounted, 'data', 'config.yaml') }
  return readConfig({ file, env: {}, flags: {} })
}

describe('the chart with its default values', () => {
  it('renders deploy/ exactly', async () => {
    expect(byName(await renderChart({}, 'default'))).toEqual(byName(kept(await renderWith([]))))
  })

  it('leaves the namespace to helm, if that is the namespace of the release', async () => {
    const base = kept(await renderWith([])).filter((object) => !isNamespace(object))
    expect(byName(await renderChart())).toEqual(byName(base))
  })

  it('passes the linter of helm', async () => {
    expect(await helm(['lint', CHART])).toContain('0 chart(s) failed')
  })
})

const MONITORED = {
  podMonitor: { enabled: true },
  prometheusRule: { enabled: true },
  dashboard: { enabled: true },
}

describe('a value of the chart renders the same as a component:', () => {
  it.each<[component: string, values: object]>([
    ['autoscaling', { autoscaling: { enabled: true } }],
    ['network-policy', { networkPolicy: { enabled: true } }],
    ['monitoring', { metrics: MONITORED }],
    ['metrics-auth', { metrics: { auth: 'tokenReview' } }],
    ['monitoring metrics-auth', { metrics: { ...MONITORED, auth: 'tokenReview' } }],
  ])('%s', async (components, values) => {
    const expected = kept(await renderWith(components.split(' ')))
    expect(byName(await renderChart(values, 'default'))).toEqual(byName(expected))
  })
})

const models = ['fraud', 'search']
const gateways = ['istio-ingress', 'kserve']

const ACCESS = [models, gateways].map((namespaces, rule) => ({
  target: { kind: 'AuthorizationPolicy', name: NAME, namespace: NAME },
  patch: JSON.stringify([
    { op: 'replace', path: `/spec/rules/${rule}/from/0/source/namespaces`, value: namespaces },
  ]),
}))

const MOVED = {
  target: { kind: 'AuthorizationPolicy', labelSelector: 'kserve-authz.io/position=workload' },
  patch: JSON.stringify([
    { op: 'replace', path: '/metadata/namespace', value: 'istio-config' },
    { op: 'replace', path: '/spec/provider/name', value: 'opendatahub-auth-provider' },
  ]),
}

const BINDING = 'ValidatingAdmissionPolicyBinding'

const exempting = (namespaces: readonly string[], labelSelector?: string) => ({
  target: { kind: BINDING, ...(labelSelector !== undefined && { labelSelector }) },
  patch: JSON.stringify([
    {
      op: 'replace',
      path: '/spec/matchResources/namespaceSelector/matchExpressions/0/values',
      value: namespaces,
    },
  ]),
})

describe('a preset of the chart', () => {
  it('istio renders the overlay that is written like istio/example', async () => {
    const exempt = ['istio-config', NAME]
    const values = {
      preset: 'istio',
      istio: {
        modelNamespaces: models,
        gatewayNamespaces: gateways,
        rootNamespace: 'istio-config',
        provider: 'opendatahub-auth-provider',
        gateway: { enabled: true },
        admission: { enabled: true, exemptNamespaces: exempt },
      },
    }
    const overlay = await renderOverlay({
      resources: ['istio/overlays/default', 'istio/gateways/kubernetes', 'istio/admission'],
      patches: [...ACCESS, MOVED, exempting(exempt, 'kserve-authz.io/scope=tenants')],
    })
    const expected = [...kept(await renderWith([])), ...overlay]
    expect(byName(await renderChart(values, 'default'))).toEqual(byName(expected))
  })

  it('istio needs the namespaces of models', async () => {
    await expect(renderChart({ preset: 'istio' })).rejects.toThrow('istio.modelNamespaces is empty')
  })

  it('opendatahub renders the component and the overlay of OpenDataHub 3', async () => {
    const rendered = await renderChart({ preset: 'opendatahub' }, 'default')
    const expected = [
      ...kept(await renderWith(['opendatahub'])),
      ...(await shippedObjects('overlays/opendatahub-3')),
    ]
    const [ours, theirs] = [rendered, expected].map((objects) =>
      [...byName(objects)].filter(([name]) => !name.startsWith('ConfigMap ')),
    )
    expect(new Map(ours)).toEqual(new Map(theirs))
    expect(configIn(rendered)).toEqual(configIn(expected))
  })

  it('envoy-gateway renders the policies, with TLS and a listener for routes only', async () => {
    const exempt = ['envoy-gateway-system', NAME]
    const rendered = await renderChart({
      preset: 'envoy-gateway',
      envoyGateway: {
        gateway: { name: 'models', namespace: 'edge' },
        tlsSecretName: 'made-by-cert-manager',
        admission: { enabled: true, exemptNamespaces: exempt },
      },
    })
    const patches = [
      {
        target: { kind: 'SecurityPolicy' },
        patch: JSON.stringify([
          { op: 'replace', path: '/metadata/namespace', value: 'edge' },
          { op: 'replace', path: '/spec/targetRefs/0/name', value: 'models' },
        ]),
      },
      {
        target: { kind: 'ReferenceGrant' },
        patch: JSON.stringify([{ op: 'replace', path: '/spec/from/0/namespace', value: 'edge' }]),
      },
    ]
    const expected = byName(
      await renderOverlay({
        resources: ['envoy-gateway/gateway', 'envoy-gateway/admission'],
        patches: [...patches, exempting(exempt)],
      }),
    )
    const ours = byName(rendered)
    expect(new Map([...ours].filter(([name]) => expected.has(name)))).toEqual(expected)

    const { grpc } = configIn(rendered)
    expect(grpc.listeners.map(({ position, route }) => [position, route])).toEqual([
      ['workload', undefined],
      ['gateway', 'required'],
    ])
    const pod = at(found(rendered, 'Deployment', NAME), 'spec', 'template', 'spec')
    const mount = listAt(pod, 'containers', 0, 'volumeMounts').at(-1)
    const volume = listAt(pod, 'volumes').find((each) => at(each, 'name') === at(mount, 'name'))
    expect(textAt(volume, 'secret', 'secretName')).toBe('made-by-cert-manager')
    for (const file of [grpc.tls?.certFile, grpc.tls?.keyFile, grpc.tls?.clientCaFile])
      expect(file?.startsWith(`${textAt(mount, 'mountPath')}/`)).toBe(true)
  })
})

describe('the page of TLS', () => {
  const page = readFileSync(path.join(CHART, '../../docs/tls.md'), 'utf8')
  const blocks = [...page.matchAll(/```yaml\n# (\S+)\n([\s\S]*?)```/g)]
  const block = (name: string) => blocks.find(([, title]) => title === name)?.[2] ?? ''

  it('has values with which the pods read the Secret of the certificate', async () => {
    const objects = await renderChart(Object(load(block('values.yaml'))))
    const { certFile, keyFile, clientCaFile } = Object(configIn(objects).grpc.tls)
    const pod = at(found(objects, 'Deployment', NAME), 'spec', 'template', 'spec')
    const folder = textAt(listAt(pod, 'containers', 0, 'volumeMounts').at(-1), 'mountPath')
    expect([certFile, keyFile, clientCaFile]).toEqual(
      ['tls.crt', 'tls.key', 'ca.crt'].map((name) => `${folder}/${name}`),
    )
    const secrets = loadAll(block('certificates.yaml')).map((object) =>
      textAt(object, 'spec', 'secretName'),
    )
    expect(secrets).toContain(textAt(listAt(pod, 'volumes').at(-1), 'secret', 'secretName'))
    const values = load(readFileSync(path.join(CHART, 'values.yaml'), 'utf8'))
    expect(secrets).toContain(textAt(values, 'envoyGateway', 'tlsSecretName'))
  })
})

describe('a value of the chart', () => {
  it('reaches the pod by the name that other charts use', async () => {
    const values = {
      replicaCount: 5,
      image: { repository: 'registry.example.com/authz', digest: `sha256:${'a'.repeat(64)}` },
      imagePullSecrets: [{ name: 'pull' }],
      serviceAccount: { create: false, name: 'mine' },
      podAnnotations: { team: 'platform' },
      podLabels: { 'istio.io/rev': 'stable' },
      resources: { requests: { cpu: '2' } },
      nodeSelector: { pool: 'system' },
      tolerations: [{ key: 'system', operator: 'Exists' }],
      affinity: { nodeAffinity: {} },
      priorityClassName: 'high',
      extraEnv: [{ name: 'NODE_EXTRA_CA_CERTS', value: '/ca/ca.crt' }],
      extraVolumes: [{ name: 'ca', configMap: { name: 'ca' } }],
      extraVolumeMounts: [{ name: 'ca', mountPath: '/ca' }],
      podDisruptionBudget: { enabled: false },
    }
    const objects = await renderChart(values)
    const deployment = found(objects, 'Deployment', NAME)
    const pod = at(deployment, 'spec', 'template', 'spec')
    expect(at(deployment, 'spec', 'replicas')).toBe(5)
    expect(at(deployment, 'spec', 'template', 'metadata')).toMatchObject({
      annotations: values.podAnnotations,
      labels: { ...values.podLabels, 'app.kubernetes.io/name': NAME },
    })
    expect(pod).toMatchObject({
      imagePullSecrets: values.imagePullSecrets,
      serviceAccountName: 'mine',
      nodeSelector: values.nodeSelector,
      tolerations: values.tolerations,
      affinity: values.affinity,
      priorityClassName: 'high',
    })
    expect(listAt(pod, 'volumes').at(-1)).toEqual(values.extraVolumes[0])
    const container = at(pod, 'containers', 0)
    expect(container).toMatchObject({
      image: `registry.example.com/authz@sha256:${'a'.repeat(64)}`,
      env: values.extraEnv,
    })
    expect(at(container, 'resources', 'requests', 'cpu')).toBe('2')
    expect(listAt(container, 'volumeMounts').at(-1)).toEqual(values.extraVolumeMounts[0])
    const kinds = objects.map(({ kind }) => kind)
    expect(kinds).not.toContain('ServiceAccount')
    expect(kinds).not.toContain('PodDisruptionBudget')
    const subjects = objects.flatMap((object) => listAt(object, 'subjects'))
    expect(new Set(subjects.map((subject) => at(subject, 'name')))).toEqual(new Set(['mine']))
  })

  it('below config that limits the namespaces limits the permissions to them', async () => {
    const rendered = async (namespaces: readonly string[], more: object = {}) =>
      byName(await renderChart({ config: { kubernetes: { namespaces, ...more } } }, 'default'))
    const expected = byName(kept(await renderWith(['namespaces'])))
    const named = (objects: ReadonlyMap<string, unknown>) =>
      new Map([...objects].filter(([name]) => /^(?:Cluster)?Role/.test(name)))
    expect(named(await rendered(['models']))).toEqual(named(expected))

    const of = [...(await rendered(['fraud', 'kubeflow'], { kserveNamespace: 'kubeflow' })).keys()]
    expect(of.filter((name) => name.startsWith('Role '))).toEqual(
      expect.arrayContaining([
        'Role fraud/kserve-authz',
        'Role kubeflow/kserve-authz',
        'Role kubeflow/kserve-authz-configuration',
        'Role kubeflow/kserve-authz-presets',
      ]),
    )
    expect(of).not.toContain('ClusterRole /kserve-authz')
  })

  it('below config is the configuration of the service, and a change restarts the replicas', async () => {
    const [one, other] = await Promise.all(
      [false, true].map((optOut) => renderChart({ config: { ownersMay: { optOut } } })),
    )
    expect([one, other].map((objects) => configIn(objects ?? []).ownersMay.optOut)).toEqual([
      false,
      true,
    ])
    const nameIn = (objects: readonly Written[] = []) =>
      objects.find(({ kind }) => kind === 'ConfigMap')?.metadata.name
    expect(nameIn(one)).not.toBe(nameIn(other))
  })

  it('that is left empty is the default', async () => {
    const empty = {
      config: null,
      imagePullSecrets: null,
      podAnnotations: null,
      podLabels: null,
      nodeSelector: null,
      tolerations: null,
      affinity: null,
      extraEnv: null,
      extraVolumes: null,
      extraVolumeMounts: null,
      serviceAccount: { annotations: null },
      service: { annotations: null },
    }
    expect(byName(await renderChart(empty))).toEqual(byName(await renderChart()))
  })

  it.each<[values: object, problem: string]>([
    [{ replicaCounts: 3 }, "additional properties 'replicaCounts' not allowed"],
    [{ config: { ownerMay: {} } }, "additional properties 'ownerMay' not allowed"],
    [{ config: { ownersMay: { optOut: 'no' } } }, 'got string, want boolean'],
    [{ image: { digest: 'latest' } }, 'does not match pattern'],
    [{ preset: 'linkerd' }, 'value must be one of'],
  ])('%j is refused when the chart is rendered', async (values, problem) => {
    await expect(renderChart(values)).rejects.toThrow(problem)
  })
})
