import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ApiError, type ApiRequest } from '../../../src/kubernetes/client/api-server.ts'
import { createEvents, type Events } from '../../../src/kubernetes/status/events.ts'
import { at, textAt } from '../../../testing/json.ts'

const PROBLEM = { object: 'Secret team/reader', reason: 'APIKeyRefused', message: 'it is empty' }
const SECRET = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { namespace: 'team', name: 'reader', uid: 'u1' },
  data: { api_key: 'c2stc2VjcmV0' },
}

let sent: ApiRequest[]
let failures: string[]
let dropped: number
let answer: () => Promise<unknown>
let events: Events

beforeEach(() => {
  vi.useFakeTimers()
  sent = []
  failures = []
  dropped = 0
  answer = () => Promise.resolve({})
  events = createEvents(
    {
      send: (request) => {
        sent.push(request)
        return answer()
      },
    },
    (error) => failures.push(String(error)),
    () => {
      dropped += 1
    },
  )
})
afterEach(() => {
  events.close()
  vi.useRealTimers()
})

describe('an event', () => {
  it('is a warning about the object, in its namespace', () => {
    events.tell(PROBLEM, SECRET)
    expect(sent[0]?.path).toBe('/api/v1/namespaces/team/events')
    expect(sent[0]?.body).toMatchObject({
      kind: 'Event',
      type: 'Warning',
      reason: 'APIKeyRefused',
      message: 'it is empty',
      involvedObject: {
        apiVersion: 'v1',
        kind: 'Secret',
        namespace: 'team',
        name: 'reader',
        uid: 'u1',
      },
    })
  })

  it('has a message of at most 1,024 characters', () => {
    events.tell({ ...PROBLEM, message: 'm'.repeat(2_000) }, SECRET)
    expect(textAt(sent[0]?.body, 'message')).toBe('m'.repeat(1_024))
  })

  it('is given up after five seconds', () => {
    const timeout = new AbortController()
    const limit = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(timeout.signal)
    events.tell(PROBLEM, SECRET)
    limit.mockRestore()
    expect(sent[0]?.signal.aborted).toBe(false)
    timeout.abort()
    expect(sent[0]?.signal.aborted).toBe(true)
  })

  it('contains nothing else of the object', () => {
    events.tell(PROBLEM, SECRET)
    expect(JSON.stringify(sent)).not.toContain('c2stc2VjcmV0')
  })

  it.each(['a'.repeat(253), `${'a'.repeat(199)}-b`, `${'a'.repeat(199)}.b`])(
    'has a name that an API server accepts',
    (name) => {
      events.tell(PROBLEM, { ...SECRET, metadata: { ...SECRET.metadata, name } })
      expect(textAt(sent[0]?.body, 'metadata', 'generateName')).toMatch(/^a+\.$/)
    },
  )

  it('is not written for an object without a namespace', () => {
    events.tell(PROBLEM, { kind: 'ClusterRole', metadata: { name: 'view' } })
    expect(sent).toEqual([])
  })
})

describe('many events', () => {
  it('are written at a bounded rate, and some are dropped', () => {
    for (let index = 0; index < 1_000; index += 1) events.tell(PROBLEM, SECRET)
    expect(sent).toHaveLength(25)
    vi.advanceTimersByTime(10_000)
    expect(sent).toHaveLength(35)
    vi.advanceTimersByTime(10 * 60_000)
    expect(sent.length).toBeLessThan(250)
  })
})

describe('events of one tenant', () => {
  const inNamespace = (namespace: string) => ({ ...SECRET, metadata: { namespace, name: 'a' } })
  const written = (namespace: string) =>
    sent.filter(({ path }) => path === `/api/v1/namespaces/${namespace}/events`).length

  it('do not block those of another', () => {
    for (let index = 0; index < 10_000; index += 1) events.tell(PROBLEM, inNamespace('flood'))
    for (const namespace of ['one', 'other']) events.tell(PROBLEM, inNamespace(namespace))
    vi.advanceTimersByTime(4_000)
    expect([written('one'), written('other')]).toEqual([1, 1])
  })

  it('are written in turn with theirs', () => {
    for (let index = 0; index < 10_000; index += 1) {
      events.tell(PROBLEM, inNamespace('flood'))
      if (index % 1_000 === 0) events.tell(PROBLEM, inNamespace('other'))
    }
    vi.advanceTimersByTime(30_000)
    expect(written('other')).toBe(10)
    expect(written('flood')).toBe(45)
  })

  it('that are dropped are counted', () => {
    for (let index = 0; index < 300; index += 1) events.tell(PROBLEM, inNamespace('flood'))
    expect(sent).toHaveLength(25)
    expect(dropped).toBe(75)
    events.tell(PROBLEM, inNamespace('other'))
    expect(dropped).toBe(76)
  })

  it.each([10, 1_000])('of %i namespaces wait in a bounded queue', (namespaces) => {
    for (let index = 0; index < 5_000; index += 1)
      events.tell(PROBLEM, inNamespace(`n-${index % namespaces}`))
    expect(dropped).toBe(5_000 - 25 - 200)
  })
})

describe('an event that cannot be written', () => {
  it('is reported, with the missing permission', async () => {
    answer = () => Promise.reject(new ApiError(403))
    events.tell(PROBLEM, SECRET)
    const told = ['Error: missing permission: create events']
    await vi.waitFor(() => expect(failures).toEqual(told), 60_000)
  })

  it('delays nothing', async () => {
    answer = () => new Promise(() => {})
    events.tell(PROBLEM, SECRET)
    events.tell(PROBLEM, SECRET)
    expect(sent.map(({ body }) => at(body, 'reason'))).toHaveLength(2)
  })
})
