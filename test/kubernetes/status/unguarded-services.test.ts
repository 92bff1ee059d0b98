import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createDirectory } from '../../../src/access/directory.ts'
import { idOf } from '../../../src/access/service.ts'
import { createGuardFacts, type PoliciesRead } from '../../../src/kubernetes/status/guard-facts.ts'
import {
  createUnguardedServices,
  SETTLE_MS,
} from '../../../src/kubernetes/status/unguarded-services.ts'
import {
  collectionOf,
  GUARD_COLLECTIONS,
  podsIn,
  policyCollections,
  routeCollections,
  serviceCollections,
} from '../../../src/kubernetes/watch/watched-kinds.ts'
import type { Fields } from '../../../src/resources/object.ts'
import { aService } from '../../../testing/builders.ts'
import { countedTurns } from '../../../testing/working.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const SCOPE = { namespaces: [], apiKeyLabels: {} }
const COLLECTIONS = [
  ...serviceCollections(SCOPE),
  ...podsIn(undefined),
  ...routeCollections(SCOPE),
  ...policyCollections(SCOPE),
  ...GUARD_COLLECTIONS,
]

/** A cluster, and what owners are told about it. */
function cluster({ read = 'yes' as PoliciesRead, protects = true, turnMs = 0 } = {}) {
  const directory = createDirectory()
  const told: string[] = []
  const objects: Fields[] = []
  const looks: string[] = []
  const facts = createGuardFacts({ read: () => state.read })
  const { turns, turn } = countedTurns()
  const state = { read, synced: true, protects }
  const made = createUnguardedServices({
    facts,
    servicesIn: (namespace) => {
      looks.push(namespace)
      return directory.servicesIn(namespace)
    },
    isProtected: () => state.protects,
    synced: () => state.synced,
    report: ({ object, reason, message }, content) => {
      told.push(`${object} ${reason} ${message}`)
      objects.push(content)
    },
    failed: (error) => expect.unreachable(String(error)),
    turn: async () => {
      await turn()
      if (turnMs > 0) await new Promise((resolve) => setTimeout(resolve, turnMs))
    },
  })
  const changed = (namespace?: string) =>
    namespace === undefined ? made.touchAll() : made.touch(namespace)
  const handlers = COLLECTIONS.map((collection) => ({
    kind: collection.kind,
    handler: facts.handlerOf(collection, changed),
  }))
  const handlerOf = (kind: string) => handlers.find((each) => each.kind === kind)?.handler
  let version = 0
  const put = (kind: string, namespace: string, name: string, content: Fields = {}) => {
    version += 1
    const metadata = { namespace, name, uid: `uid-${name}`, ...Object(content.metadata) }
    const object = { ...content, metadata }
    handlerOf(kind)?.put({ key: `${namespace}/${name}`, version: String(version), content: object })
  }
  const remove = (kind: string, namespace: string, name: string) =>
    handlerOf(kind)?.remove(`${namespace}/${name}`)
  const declare = (name: string, namespace = 'team') => {
    const service = aService({ name, namespace })
    directory.services.put(idOf(service), service)
    put('InferenceService', namespace, name)
  }
  const run = (name: string, containers = ['istio-proxy'], namespace = 'team') =>
    put('Pod', namespace, `${name}-0`, {
      metadata: {
        labels: { 'serving.kserve.io/inferenceservice': name, component: 'predictor' },
      },
      spec: { containers: containers.map((each) => ({ name: each })) },
    })
  const unguarded = () => Object.fromEntries(made.counts().unguarded)
  return {
    ...made,
    state,
    directory,
    looks,
    told,
    objects,
    turns,
    put,
    remove,
    declare,
    run,
    unguarded,
  }
}

const GUARD = {
  spec: {
    selector: { matchLabels: { component: 'predictor' } },
    action: 'CUSTOM',
    provider: { name: 'kserve-authz-workload' },
    rules: [{}],
  },
}
const pass = (ms = 2 * SETTLE_MS) => vi.advanceTimersByTimeAsync(ms)
const ZERO = {
  'shared-pods': 0,
  'pod-not-selected': 0,
  'gateway-not-guarded': 0,
  'check-replaced': 0,
}

describe('a protected service that no proxy asks about', () => {
  it('is counted, and its owner is told once, with the object and its UID', async () => {
    const { declare, run, unguarded, told, objects } = cluster()
    declare('iris')
    run('iris')
    await pass()
    expect(unguarded()).toEqual({ ...ZERO, 'pod-not-selected': 1 })
    expect(told).toEqual([
      'InferenceService team/iris Unguarded it is protected, but requests are not checked: no AuthorizationPolicy of kserve-authz selects its pod (Pod team/iris-0)',
    ])
    expect(objects).toEqual([
      {
        apiVersion: 'serving.kserve.io/v1beta1',
        kind: 'InferenceService',
        metadata: { namespace: 'team', name: 'iris', uid: 'uid-iris' },
      },
    ])
    run('iris', ['istio-proxy', 'other'])
    declare('iris')
    await pass()
    expect(told).toHaveLength(1)
  })

  it('counts no more once a policy selects it, and again when that is deleted', async () => {
    const { declare, run, put, remove, unguarded, told } = cluster()
    declare('iris')
    run('iris')
    await pass()
    put('AuthorizationPolicy', 'istio-system', 'workload', GUARD)
    await pass()
    expect(unguarded()).toEqual(ZERO)
    remove('AuthorizationPolicy', 'istio-system', 'workload')
    await pass()
    expect(unguarded()).toEqual({ ...ZERO, 'pod-not-selected': 1 })
    expect(told).toHaveLength(2)
  })

  it('is not told again after it was scaled to zero', async () => {
    const { declare, run, remove, unguarded, told } = cluster()
    declare('iris')
    run('iris')
    await pass()
    remove('Pod', 'team', 'iris-0')
    await pass()
    expect(unguarded()).toEqual(ZERO)
    run('iris')
    await pass()
    expect(unguarded()).toEqual({ ...ZERO, 'pod-not-selected': 1 })
    expect(told).toHaveLength(1)
  })

  it('is told again if it is deleted and created', async () => {
    const { declare, run, remove, directory, told } = cluster()
    declare('iris')
    declare('other')
    run('iris')
    await pass()
    for (const service of directory.servicesIn('team').filter(({ name }) => name === 'iris'))
      directory.services.remove(idOf(service))
    remove('InferenceService', 'team', 'iris')
    await pass()
    declare('iris')
    await pass()
    expect(told).toHaveLength(2)
  })

  it('is found when a policy protects it later', async () => {
    const { declare, run, put, state, unguarded } = cluster({ protects: false })
    declare('iris')
    run('iris')
    await pass()
    expect(unguarded()).toEqual(ZERO)
    state.protects = true
    put('AccessPolicy', 'team', 'strict')
    await pass()
    expect(unguarded()).toEqual({ ...ZERO, 'pod-not-selected': 1 })
  })

  it('is found by its routes, too', async () => {
    const { declare, run, put, unguarded, told } = cluster()
    declare('iris')
    run('iris', ['kserve-container'])
    put('HTTPRoute', 'team', 'iris', {
      metadata: { ownerReferences: [{ kind: 'InferenceService', name: 'iris' }] },
      spec: { parentRefs: [{ name: 'ingress', namespace: 'kserve' }] },
    })
    await pass()
    expect(unguarded()).toEqual({ ...ZERO, 'gateway-not-guarded': 1 })
    expect(told.join()).toContain('(Gateway kserve/ingress)')
    put('SecurityPolicy', 'kserve', 'kserve-authz', {
      spec: {
        targetRefs: [{ kind: 'Gateway', name: 'ingress' }],
        extAuth: { grpc: { backendRefs: [{ name: 'kserve-authz', namespace: 'kserve-authz' }] } },
      },
    })
    await pass()
    expect(unguarded()).toEqual(ZERO)
  })
})

describe('whether a proxy asks', () => {
  it('is not known while policies cannot be read: nobody is told', async () => {
    const { declare, run, counts, unguarded, told } = cluster({ read: 'no' })
    declare('iris')
    run('iris')
    await pass()
    expect([counts().unknown, unguarded(), told]).toEqual([1, ZERO, []])
  })

  it('is judged only after everything has been read', async () => {
    const { declare, run, state, told } = cluster()
    state.synced = false
    declare('iris')
    run('iris')
    await pass(10 * SETTLE_MS)
    expect(told).toEqual([])
    state.synced = true
    await pass()
    expect(told).toHaveLength(1)
  })

  it('does not change with a pod that is finished', async () => {
    const { declare, put, unguarded, told } = cluster()
    declare('iris')
    put('Pod', 'team', 'iris-0', {
      metadata: { labels: { 'serving.kserve.io/inferenceservice': 'iris' } },
      status: { phase: 'Succeeded' },
    })
    await pass()
    expect([unguarded(), told]).toEqual([ZERO, []])
  })

  it('is not judged again when an object changes in other respects', async () => {
    const { declare, run, put, looks } = cluster()
    declare('iris')
    put('AuthorizationPolicy', 'istio-system', 'workload', GUARD)
    run('iris')
    await pass()
    const before = looks.length
    run('iris')
    put('AuthorizationPolicy', 'istio-system', 'workload', { ...GUARD, status: {} })
    await pass()
    expect([before, looks.length]).toEqual([1, 1])
  })

  it('is judged again only after a rest in proportion to the last time', async () => {
    const { declare, run, put, unguarded } = cluster({ turnMs: SETTLE_MS / 2 })
    for (let index = 0; index < 300; index += 1) {
      declare(`m-${index}`)
      run(`m-${index}`)
    }
    await pass(4 * SETTLE_MS)
    expect(unguarded()).toEqual({ ...ZERO, 'pod-not-selected': 300 })
    put('AuthorizationPolicy', 'istio-system', 'workload', GUARD)
    await pass(6 * SETTLE_MS)
    expect(unguarded()).toEqual({ ...ZERO, 'pod-not-selected': 300 })
    await pass(60 * SETTLE_MS)
    expect(unguarded()).toEqual(ZERO)
  })

  it('is judged in slices, and only where something changed', async () => {
    const { declare, run, put, turns, told } = cluster()
    put('AuthorizationPolicy', 'istio-system', 'workload', GUARD)
    for (let index = 0; index < 5_000; index += 1) {
      declare(`m-${index}`, `team-${index % 100}`)
      run(`m-${index}`, ['istio-proxy'], `team-${index % 100}`)
    }
    await pass()
    const before = turns.count
    expect(before).toBeGreaterThan(25)
    run('m-0', [], 'team-0')
    await pass()
    expect(turns.count - before).toBeLessThan(10)
    expect(told).toHaveLength(1)
  })
})

it('kinds that do not decide about it have no handler', () => {
  const facts = createGuardFacts({ read: () => 'yes' })
  expect(facts.handlerOf(collectionOf('Secret', undefined, ['v1']), () => {})).toBeUndefined()
})
