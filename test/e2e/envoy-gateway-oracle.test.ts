import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { documentsIn } from '../../testing/cluster/example.ts'
import { forgedRequest, isOpen } from '../../testing/envoy-gateway/forged.ts'
import { servicesOf } from '../../testing/envoy-gateway/kserve-routes.ts'
import { PARENT } from '../../testing/envoy-gateway/objects.ts'
import { kserveRoutes, startGatewayWorld } from '../../testing/envoy-gateway/world.ts'
import { aRequestFor, serviceBehind } from '../../testing/gateway-api/ask.ts'
import type { Asked, HttpRoute, Service } from '../../testing/gateway-api/model.ts'
import { changed, createWorld, NAMESPACES } from '../../testing/gateway-api/world.ts'
import { at, listAt, textAt } from '../../testing/json.ts'
import { createRandom } from '../../testing/routes/random.ts'
import { createLine } from '../../testing/routes/wire.ts'

const REPORTS = path.join(import.meta.dirname, '../fixtures/reports')
const REQUESTS = 300
const SEEDS = [1, 2, 3, 4, 5, 6]

/** Nothing is open by its path. */
const CONFIG = {
  exclusions: { gateway: { InferenceService: [], InferenceGraph: [], LLMInferenceService: [] } },
}

type Started = Awaited<ReturnType<typeof startGatewayWorld>>

/** The Kubernetes Services, `namespace/name`, whose pods got something since it was last asked. */
function arrivals(world: Started, routes: readonly object[]) {
  const names = [
    ...new Set(servicesOf(routes).map(({ namespace, name }) => `${namespace}/${name}`)),
  ]
  const seen = new Map<string, number>()
  return () =>
    names.filter((name) => {
      const count = world.received(name).length
      const before = seen.get(name) ?? 0
      seen.set(name, count)
      return count > before
    })
}

const keyOf = (namespace: string) => `key-of-${namespace}-not-a-secret`

const objectsOf = (services: readonly Service[]) => [
  ...services.map(({ kind, namespace, name, open }) => ({
    apiVersion:
      kind === 'InferenceService' ? 'serving.kserve.io/v1beta1' : 'serving.kserve.io/v1alpha2',
    kind,
    metadata: {
      namespace,
      name,
      annotations: {
        'security.opendatahub.io/enable-auth': String(!open),
        'serving.kserve.io/deploymentMode': 'Standard',
      },
    },
    spec: {},
  })),
  ...NAMESPACES.map((namespace) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace, name: 'key', labels: { 'kserve-authz.io/credential': 'api-key' } },
    stringData: { api_key: keyOf(namespace) },
  })),
]

const sentOf = ({ host, method, path: target, headers, caller }: Asked) => ({
  method,
  target,
  headers: [
    ['Host', host],
    ...Object.entries(headers),
    ...(caller === undefined ? [] : [['x-api-key', keyOf(caller)] as const]),
  ] as const,
})

const isPath = (target: string) => /^[!-~]+$/.test(target)
const withParent = <T extends object>(route: T) => ({
  ...route,
  spec: { ...Object(at(route, 'spec')), parentRefs: [PARENT] },
})

/** As the API server takes it: rules have different names, and owners a UID. */
const asWritten = ({ metadata, spec, ...route }: HttpRoute) =>
  withParent({
    ...route,
    metadata: {
      namespace: metadata.namespace,
      name: metadata.name,
      ownerReferences: (metadata.ownerReferences ?? [])
        .filter((owner) => textAt(owner, 'name') !== '')
        .map((owner) => ({
          apiVersion: textAt(owner, 'apiVersion'),
          kind: textAt(owner, 'kind'),
          name: textAt(owner, 'name'),
          uid: `uid-of-${textAt(owner, 'name')}`,
          controller: true,
        })),
    },
    spec: {
      ...spec,
      rules: spec.rules.map(({ name, ...rule }, index) =>
        name === undefined ? rule : { ...rule, name: `${name}-${index}` },
      ),
    },
  })

/** Routes of one namespace may lead to Services of the other. */
const GRANTS = NAMESPACES.map((namespace) => ({
  apiVersion: 'gateway.networking.k8s.io/v1beta1',
  kind: 'ReferenceGrant',
  metadata: { namespace, name: 'all' },
  spec: {
    from: NAMESPACES.map((from) => ({
      group: 'gateway.networking.k8s.io',
      kind: 'HTTPRoute',
      namespace: from,
    })),
    to: [{ group: 'gateway.envoyproxy.io', kind: 'Backend' }],
  },
}))

describe('whatever a request reaches through Envoy Gateway, its caller may call, in the world of seed', () => {
  it.each(SEEDS)('%i', async (seed) => {
    const random = createRandom(seed)
    const drawn = createWorld(random)
    const folder = await mkdtemp(path.join(tmpdir(), 'oracle-'))
    await writeFile(
      path.join(folder, 'objects.json'),
      JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objectsOf(drawn.services) }),
    )
    const routes = drawn.routes.map(asWritten)
    const world = await startGatewayWorld({
      manifests: folder,
      routes,
      others: GRANTS,
      config: CONFIG,
    })
    const line = createLine({ host: world.address, port: world.port })
    try {
      const statuses = new Set<number>()
      const wrong: string[] = []
      const round = async (routes: readonly object[], count: number) => {
        const arrived = arrivals(world, routes)
        arrived()
        for (let sent = 0; sent < count; sent += 1) {
          const asked = aRequestFor(drawn, random)
          if (!isPath(asked.path)) continue
          statuses.add((await line.send(sentOf(asked))).status)
          for (const name of arrived()) {
            const [namespace = '', service = ''] = name.split('/')
            const [route] = drawn.routes
            if (route === undefined) continue
            const refs = [
              { namespace, name: service },
              {
                namespace,
                name: service,
                group: 'inference.networking.k8s.io',
                kind: 'InferencePool',
              },
            ]
            const of = refs
              .map((ref) => serviceBehind(ref, route, drawn.services))
              .find((each) => each !== undefined)
            const admits = of !== undefined && (of.open || of.namespace === asked.caller)
            if (!admits) wrong.push(`${name} by ${JSON.stringify(asked)}`)
          }
        }
      }
      await round(routes, REQUESTS)
      const next = changed(drawn, random).map(asWritten)
      await world.reroute(next)
      await round(next, REQUESTS / 2)
      expect(wrong).toEqual([])
      expect(statuses).toContain(401)
    } finally {
      line.close()
      await world.stop()
      await rm(folder, { recursive: true, force: true })
    }
  })
})

describe('without a credential nothing reaches a protected model, in the folder of the report', async () => {
  it.each(await readdir(REPORTS))('%s', async (name) => {
    const manifests = path.join(REPORTS, name)
    const files = await readdir(manifests)
    const objects = await documentsIn(files.map((file) => path.join(manifests, file)))
    const written = objects.filter((object) => textAt(object, 'kind') === 'HTTPRoute')
    const routes = [...kserveRoutes(objects), ...written.map((route) => withParent(Object(route)))]
    const open = objects
      .filter((object) => listAt(object, 'spec') !== undefined && isOpen(object))
      .map(
        (object) =>
          `${textAt(object, 'metadata', 'namespace')}/${textAt(object, 'metadata', 'name')}`,
      )
    const world = await startGatewayWorld({ manifests, routes, config: CONFIG })
    const line = createLine({ host: world.address, port: world.port })
    const random = createRandom(20_261_128)
    try {
      const arrived = arrivals(world, routes)
      const wrong: string[] = []
      const statuses = new Set<number>()
      for (let sent = 0; sent < REQUESTS; sent += 1) {
        const forged = forgedRequest(routes, random)
        if (!isPath(forged.target)) continue
        statuses.add((await line.send(forged)).status)
        for (const reached of arrived()) {
          const isOfOpen = open.some((each) => reached === each || reached.startsWith(`${each}-`))
          if (!isOfOpen) wrong.push(`${reached} by ${JSON.stringify(forged)}`)
        }
      }
      expect(wrong).toEqual([])
      // The service was asked, and answered.
      expect(statuses.has(401) || statuses.has(403) || statuses.has(200)).toBe(true)
    } finally {
      line.close()
      await world.stop()
    }
  })
})
