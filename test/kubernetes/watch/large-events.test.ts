import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import type { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { THREAD_IDLE_MS } from '../../../src/common/parser-thread.ts'
import { MAX_PIECE } from '../../../src/common/pieces.ts'
import { openWatch } from '../../../src/kubernetes/watch/list-watch.ts'
import { LARGE_LINE } from '../../../src/kubernetes/watch/parse-line.ts'
import { readResource } from '../../../src/resources/resource.ts'
import { SETTINGS } from '../../../testing/objects.ts'
import { anAccessPolicy } from '../../../testing/policies/policies.ts'
import { ROLES } from './reflecting.ts'

const many = <T>(value: T, length = 16_000): T[] => Array.from({ length }, () => value)

/** An event of a watch, as the API server writes it. */
const lineOf = (name: string, object: object) => {
  const metadata = { name, namespace: 'team', resourceVersion: '1' }
  return `${JSON.stringify({ type: 'MODIFIED', object: { ...object, metadata } })}\n`
}

/** The fields and elements of a value, and of the values in it that are sent as JSON. */
function partsOf(value: unknown): number {
  if (typeof value === 'string' && value.startsWith('{"')) return partsOf(JSON.parse(value))
  return typeof value !== 'object' || value === null
    ? 0
    : Object.values(value).reduce((sum: number, entry) => sum + 1 + partsOf(entry), 0)
}

/** The events of a watch that sends these lines, the texts that the main thread parsed, and the sizes of messages to it. */
async function watched(lines: readonly string[]) {
  const stream = new IncomingMessage(new Socket())
  for (const line of lines) stream.push(line)
  stream.push(null)
  const api = {
    open: () => Promise.resolve(stream),
    send: () => expect.unreachable(),
    close: () => {},
  }
  const limits = { requestMs: 10_000, silenceMs: 10_000, signal: new AbortController().signal }
  const messages: unknown[] = []
  const look = (worker: Worker) => {
    worker.on('message', (message) => void messages.push(message))
  }
  process.on('worker', look)
  const parse = vi.spyOn(JSON, 'parse')
  const events: unknown[] = []
  for await (const event of await openWatch(api, ROLES, '/roles', '1', limits)) events.push(event)
  const lengths = parse.mock.calls.map(([text]) => text.length)
  parse.mockRestore()
  process.off('worker', look)
  return { events, lengths, sizes: messages.map(partsOf) }
}

describe('a large event of a watch', () => {
  beforeAll(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
  // The thread of the test before ends.
  beforeEach(() => void vi.advanceTimersByTime(THREAD_IDLE_MS))
  afterAll(() => {
    vi.advanceTimersByTime(THREAD_IDLE_MS)
    vi.useRealTimers()
  })

  it.each([
    ['a status with many URLs', { status: { addresses: many({ url: 'http://a' }) } }],
    ['a Secret with many names', { data: Object.fromEntries(many('YQ==').entries()) }],
    ['a long text', { data: { key: 'a'.repeat(1_000_000) } }],
  ])(
    'is parsed in a thread, which hands it over in pieces, in its turn: %s',
    async (_title, object) => {
      const lines = [lineOf('first', {}), lineOf('large', object), lineOf('last', {})]
      const { events, lengths, sizes } = await watched(lines)
      expect(events).toMatchObject([
        { kind: 'put', object: { key: 'team/first' } },
        { kind: 'put', object: { key: 'team/large', content: object } },
        { kind: 'put', object: { key: 'team/last' } },
      ])
      expect(Math.max(...lengths)).toBeLessThan(LARGE_LINE)
      expect(sizes.length).toBeGreaterThan(0)
      expect(Math.max(...sizes)).toBeLessThan(3 * MAX_PIECE)
    },
  )

  it('has no more of a policy with too many parts than is read of it', async () => {
    const policy = anAccessPolicy({ allow: many({ from: [{ users: ['a'] }] }) })
    const { events, sizes } = await watched([lineOf('policy', policy)])
    expect(partsOf(policy)).toBeGreaterThan(64_000)
    expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(20_000)
    const content = Object(events[0]).object.content
    expect(readResource(content, SETTINGS).problems).toMatchObject([{ reason: 'PolicyInvalid' }])
  })

  it('that is not JSON ends the watch like a small one', async () => {
    const text = 'sk-secret'.repeat(10_000)
    await expect(watched([`${text}\n`])).rejects.toThrow('an event of the API server is not JSON')
  })
})
