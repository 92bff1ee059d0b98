import { expect, it } from 'vitest'
import type { ApiRequest } from '../../../src/kubernetes/client/api-server.ts'
import { pagesOf } from '../../../src/kubernetes/watch/list-watch.ts'
import { countedTurns } from '../../../testing/working.ts'
import { ROLES } from './reflecting.ts'

const item = (index: number) => ({ metadata: { name: `n${index}`, resourceVersion: '1' } })

it('a page of a list is handled in slices, with turns of the event loop in between', async () => {
  const { turns, turn } = countedTurns()
  const sent: ApiRequest[] = []
  const api = {
    send: (request: ApiRequest) => {
      sent.push(request)
      return Promise.resolve({
        metadata: { resourceVersion: '7' },
        items: Array.from({ length: 500 }, (_, index) => item(index)),
      })
    },
    open: () => expect.unreachable(),
    close: () => {},
  }
  const limits = { requestMs: 1_000, signal: new AbortController().signal }
  const keys: string[] = []
  let longest = 0
  for await (const { items, version } of pagesOf(api, ROLES, '/roles', limits, turn)) {
    expect(version).toBe('7')
    longest = Math.max(longest, items.length)
    keys.push(...items.map(({ key }) => key))
  }
  expect(new Set(keys).size).toBe(500)
  expect(longest).toBe(32)
  expect(turns.count).toBe(15)
  expect(sent.map(({ maxBytes }) => maxBytes)).toEqual([2 * 1_024 * 1_024])
  expect(sent.map(({ path }) => new URLSearchParams(path.split('?')[1]).get('limit'))).toEqual([
    '500',
  ])
})
