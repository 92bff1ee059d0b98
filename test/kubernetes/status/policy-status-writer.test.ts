import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ApiError, type ApiRequest } from '../../../src/kubernetes/client/api-server.ts'
import { createPolicyStatusWriter } from '../../../src/kubernetes/status/policy-status-writer.ts'
import { aService } from '../../../testing/builders.ts'
import { at, listAt } from '../../../testing/json.ts'
import { SETTINGS } from '../../../testing/objects.ts'
import { countedTurns } from '../../../testing/working.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

type Content = Readonly<Record<string, unknown>>

const aPolicy = (given: Content = {}, name = 'strict', namespace = 'team') => ({
  key: `${namespace}/${name}`,
  version: '1',
  content: { metadata: { namespace, name, uid: 'u-1', generation: 3 }, spec: {}, ...given },
})

/** Statuses with an API server that answers with `failure`, and records the requests. */
function statuses(
  given: {
    failure?: Error
    only?: string
    services?: ReturnType<typeof aService>[]
    synced?: boolean
  } = {},
) {
  const state = { services: [aService()], synced: true, ...given }
  const sent: ApiRequest[] = []
  const failures: string[] = []
  const { turns, turn } = countedTurns()
  const looks: string[] = []
  const made = createPolicyStatusWriter({
    turn,
    api: {
      send: async (request) => {
        sent.push(request)
        const { failure, only = '' } = state
        if (failure !== undefined && request.path.includes(only)) throw failure
      },
    },
    settings: SETTINGS,
    servicesIn: (namespace) => {
      looks.push(namespace)
      return state.services
    },
    synced: () => state.synced,
    failed: (problem) => void failures.push(problem),
  })
  const conditions = (index = sent.length - 1) => listAt(sent[index]?.body, 'status', 'conditions')
  /** The object as a watch would return it after the last write. */
  const echo = (name = 'strict') =>
    made.put(aPolicy({ status: { conditions: conditions() } }, name))
  return { ...made, state, sent, failures, conditions, echo, looks, turns }
}

const A_WHILE_MS = 5_000
const pass = (ms = A_WHILE_MS) => vi.advanceTimersByTimeAsync(ms)

describe('the status of a policy', () => {
  it('depends on the others of its service, if they exceed the limit together', async () => {
    const { put, remove, conditions } = statuses()
    const users = Array.from({ length: 1_000 }, () => 'a')
    const spec = { deny: Array.from({ length: 3 }, () => ({ from: [{ users }] })) }
    for (const name of ['one', 'two', 'three']) put(aPolicy({ spec }, name))
    await pass()
    expect(at(conditions(), 1, 'reason')).toBe('TooLarge')
    put(aPolicy({ spec, status: { conditions: conditions() } }, 'one'))
    await pass()
    for (const name of ['two', 'three']) remove(`team/${name}`)
    await pass()
    expect(at(conditions(), 1, 'reason')).toBe('Enforced')
  })

  it('is applied with its generation, to the object that was read', async () => {
    const { put, sent, conditions } = statuses()
    put(aPolicy())
    await pass()
    expect(sent).toHaveLength(1)
    expect(sent[0]).toMatchObject({
      method: 'PATCH',
      path: '/apis/kserve-authz.io/v1alpha1/namespaces/team/accesspolicies/strict/status?fieldManager=kserve-authz&force=true',
      contentType: 'application/apply-patch+yaml',
      body: { metadata: { namespace: 'team', name: 'strict', uid: 'u-1' } },
    })
    expect(conditions()).toEqual([
      expect.objectContaining({
        type: 'Accepted',
        status: 'True',
        reason: 'Accepted',
        observedGeneration: 3,
      }),
      expect.objectContaining({
        type: 'Enforced',
        status: 'True',
        reason: 'Enforced',
        observedGeneration: 3,
      }),
      expect.objectContaining({
        type: 'ResolvedRefs',
        status: 'True',
        reason: 'ResolvedRefs',
        observedGeneration: 3,
      }),
    ])
  })

  it('is given up when its time is over', async () => {
    const timeout = new AbortController()
    const limit = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(timeout.signal)
    const { put, sent } = statuses()
    put(aPolicy())
    await pass()
    limit.mockRestore()
    expect(sent[0]?.signal.aborted).toBe(false)
    timeout.abort()
    expect(sent[0]?.signal.aborted).toBe(true)
  })

  it('says why the policy is unreadable', async () => {
    const { put, conditions } = statuses()
    put(aPolicy({ spec: { deny: {} } }))
    await pass()
    expect(conditions()).toMatchObject([
      { status: 'False', reason: 'Invalid', message: 'spec.deny is not a list' },
      { status: 'False', reason: 'NotAccepted' },
      { type: 'ResolvedRefs', status: 'False', reason: 'NotAccepted' },
    ])
  })

  it('names a provider that the installation does not have, in a condition of its own', async () => {
    const { put, conditions } = statuses()
    put(aPolicy({ spec: { authentication: { jwt: [{ provider: 'nobody' }] } } }))
    await pass()
    expect(conditions()).toMatchObject([
      { type: 'Accepted', status: 'True' },
      { type: 'Enforced', status: 'True' },
      {
        type: 'ResolvedRefs',
        status: 'False',
        reason: 'UnknownProvider',
        message: 'no such provider: nobody',
      },
    ])
  })

  it('of a version without ResolvedRefs is completed once', async () => {
    const { put, sent, conditions } = statuses()
    put(aPolicy())
    await pass()
    put(aPolicy({ status: { conditions: conditions().slice(0, 2) } }, 'old'))
    await pass()
    expect(sent).toHaveLength(2)
    put(aPolicy({ status: { conditions: conditions() } }, 'old'))
    await pass()
    expect(sent).toHaveLength(2)
  })

  it('is not written again once it is stored, whatever changes', async () => {
    const { put, sent, echo, touch } = statuses()
    put(aPolicy())
    await pass()
    echo()
    touch('team')
    await pass(10 * 60_000)
    expect(sent).toHaveLength(1)
  })

  it('is not written if another replica has written it', async () => {
    const one = statuses()
    one.put(aPolicy())
    await pass()
    const other = statuses()
    other.put(aPolicy({ status: { conditions: one.conditions() } }))
    await pass()
    expect(other.sent).toEqual([])
  })

  it('keeps the time of the last transition while the status is unchanged', async () => {
    const { put, conditions } = statuses()
    const kept = { lastTransitionTime: '2020-01-01T00:00:00Z', reason: 'Old', message: '' }
    const old = ['Accepted', 'Enforced'].map((type, index) => ({
      type,
      status: index === 0 ? 'True' : 'False',
      ...kept,
    }))
    put(aPolicy({ status: { conditions: old } }))
    await pass()
    expect(at(conditions(), 0, 'lastTransitionTime')).toBe('2020-01-01T00:00:00Z')
    expect(at(conditions(), 1, 'lastTransitionTime')).not.toBe('2020-01-01T00:00:00Z')
  })

  it('follows the services that it names', async () => {
    const { put, state, touch, conditions } = statuses({ services: [] })
    put(
      aPolicy({
        spec: {
          targetRefs: [{ group: 'serving.kserve.io', kind: 'InferenceService', name: 'iris' }],
        },
      }),
    )
    await pass()
    expect(conditions()).toMatchObject([
      { reason: 'TargetNotFound' },
      { reason: 'NotAccepted' },
      { reason: 'ResolvedRefs' },
    ])
    state.services = [aService()]
    touch('team')
    await pass()
    expect(conditions()).toMatchObject([
      { reason: 'Accepted' },
      { reason: 'Enforced' },
      { reason: 'ResolvedRefs' },
    ])
  })

  it('is written at most twice a minute if another writer changes it', async () => {
    const { put, sent } = statuses()
    const theirs = { type: 'Accepted', status: 'Unknown', reason: 'Theirs', message: '' }
    for (let times = 0; times < 60; times += 1) {
      put(aPolicy({ status: { conditions: [theirs] } }))
      await pass(1_000)
    }
    expect(sent.length).toBeLessThanOrEqual(2)
  })

  it('is not written before everything is known', async () => {
    const { put, sent, state } = statuses({ synced: false })
    put(aPolicy())
    await pass()
    expect(sent).toEqual([])
    state.synced = true
    await pass()
    expect(sent).toHaveLength(1)
  })

  it('is not written for a deleted policy, nor after shutdown', async () => {
    const { put, remove, close, sent } = statuses()
    put(aPolicy())
    remove('team/strict')
    await pass()
    put(aPolicy())
    close()
    await pass()
    expect(sent).toEqual([])
  })
})

describe('statuses of many policies', () => {
  it('are written at twenty a second, and all in the end', async () => {
    const { put, sent } = statuses()
    for (let index = 0; index < 50; index += 1) put(aPolicy({}, `p${index}`))
    await pass(550)
    expect(sent).toHaveLength(20)
    await pass(A_WHILE_MS)
    expect(new Set(sent.map(({ path }) => path)).size).toBe(50)
  })
})

describe('statuses of several namespaces', () => {
  const namespaceIn = ({ path }: ApiRequest) => /namespaces\/([^/]+)/.exec(path)?.[1]

  it('are written in turn, however many one of them has', async () => {
    const { put, sent } = statuses()
    for (let index = 0; index < 500; index += 1) put(aPolicy({}, `p${index}`, 'large'))
    for (const name of ['one', 'two']) put(aPolicy({}, name))
    await pass()
    expect(
      sent
        .slice(0, 24)
        .map(namespaceIn)
        .filter((name) => name === 'team'),
    ).toHaveLength(2)
  })

  it('are evaluated only after a change', async () => {
    const { put, looks, touch } = statuses()
    for (let index = 0; index < 50; index += 1) put(aPolicy({}, 'strict', `team-${index}`))
    await pass(60_000)
    looks.length = 0
    touch('team-7')
    touch('no-policies')
    await pass()
    expect(looks).toEqual(['team-7'])
  })

  it('are not evaluated again because of an expected status', async () => {
    const { put, looks, conditions } = statuses()
    put(aPolicy())
    await pass()
    looks.length = 0
    put(aPolicy({ status: { conditions: conditions() } }))
    await pass()
    expect(looks).toEqual([])
  })

  it('pause after an evaluation for a hundred times its longest duration', async () => {
    const { put, looks, turns, state } = statuses()
    state.services = Array.from({ length: 50_000 }, (_, index) => aService({ name: `s${index}` }))
    put(aPolicy({}, 'strict', 'large'))
    await pass(500)
    expect(turns.count).toBeGreaterThan(10)
    for (let count = 0; count < 400; count += 1) {
      put(
        aPolicy(
          { metadata: { namespace: 'large', name: 'strict', generation: count } },
          'strict',
          'large',
        ),
      )
      await pass(10)
    }
    expect(looks.length).toBeLessThan(5)
  })
})

describe('an API server that refuses', () => {
  it('one status update is retried after half a minute', async () => {
    const { put, sent } = statuses({ failure: new ApiError(413) })
    put(aPolicy())
    await pass(29_000)
    expect(sent).toHaveLength(1)
    await pass(5_000)
    expect(sent).toHaveLength(2)
  })

  it('is called less and less often, and the missing permission is reported', async () => {
    const { put, sent, failures, touch, state, echo } = statuses({ failure: new ApiError(403) })
    put(aPolicy())
    for (let seconds = 0; seconds < 120; seconds += 1) {
      touch('team')
      await pass(1_000)
    }
    expect(sent.length).toBeLessThan(12)
    expect(new Set(failures)).toEqual(
      new Set(['missing permission: patch accesspolicies/status.kserve-authz.io']),
    )
    delete state.failure
    const refused = sent.length
    for (let seconds = 0; seconds < 61 && sent.length === refused; seconds += 1) await pass(1_000)
    echo()
    await pass(120_000)
    expect(sent.length).toBe(refused + 1)
    expect(failures.length).toBe(refused)
  })

  it('the status of one policy does not delay others', async () => {
    const { put, sent } = statuses({ failure: new ApiError(422), only: 'strict' })
    put(aPolicy())
    for (const name of ['one', 'two']) put(aPolicy({}, name))
    await pass(60_000)
    const written = new Set(
      sent.map(({ path }) => path.replace(/.*accesspolicies\/|\/status.*/g, '')),
    )
    expect(written).toEqual(new Set(['strict', 'one', 'two']))
  })
})

describe('a bug', () => {
  it('in an evaluation of all policies is reported, and the next one still takes place', async () => {
    const { put, sent, failures, state } = statuses()
    const services = state.services
    Object.defineProperty(state, 'services', {
      get: () => {
        throw new Error('sk-secret')
      },
      configurable: true,
    })
    put(aPolicy())
    await pass()
    expect(failures[0]).toBe('bug: the status of policies could not be computed')
    Object.defineProperty(state, 'services', { value: services })
    await pass(120_000)
    expect(sent).toHaveLength(1)
  })
})
