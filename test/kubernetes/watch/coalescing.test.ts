import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { coalescing } from '../../../src/kubernetes/watch/coalescing.ts'
import type { Listed } from '../../../src/kubernetes/watch/watch-event.ts'
import { countedTurns } from '../../../testing/working.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const anObject = (version: number, key = 'team/iris'): Listed => ({
  key,
  version: String(version),
  content: {},
})

function keeping() {
  const read: string[] = []
  const { turns, turn } = countedTurns()
  const made = coalescing(
    {
      put: ({ key, version }) => void read.push(`${key} ${version}`),
      remove: (key) => void read.push(`${key} removed`),
      keepOnly: (seen) => void read.push(`only ${[...seen].join()}`),
    },
    turn,
  )
  const pass = async (ms: number) => {
    await vi.advanceTimersByTimeAsync(ms)
    return read.splice(0)
  }
  return { ...made, pass, turns }
}

describe('updates of one object', () => {
  it('are handled at once if the object was not just handled', async () => {
    const { put, pass } = keeping()
    put(anObject(1))
    expect(await pass(0)).toEqual(['team/iris 1'])
    await pass(250)
    put(anObject(2))
    expect(await pass(0)).toEqual(['team/iris 2'])
  })

  it('in a storm are reduced to the first and the last state', async () => {
    const { put, pass } = keeping()
    for (let version = 0; version < 1_000; version += 1) put(anObject(version))
    expect(await pass(1_000)).toEqual(['team/iris 0', 'team/iris 999'])
  })

  it('that do not stop are handled ten times a second', async () => {
    const { put, pass } = keeping()
    let reads = 0
    for (let version = 0; version < 1_000; version += 1) {
      put(anObject(version))
      reads += (await pass(1)).length
    }
    expect(reads).toBeGreaterThan(8)
    expect(reads).toBeLessThan(13)
  })

  it('do not delay other objects', async () => {
    const { put, pass } = keeping()
    for (let version = 0; version < 100; version += 1) put(anObject(version))
    put(anObject(1, 'team/other'))
    expect(await pass(0)).toEqual(['team/iris 0', 'team/other 1'])
  })

  it('end with its removal, which counts at once, and later ones wait a moment', async () => {
    const { put, remove, pass } = keeping()
    put(anObject(1))
    put(anObject(2))
    remove('team/iris')
    expect(await pass(1_000)).toEqual(['team/iris 1', 'team/iris removed'])
    for (let version = 3; version < 100; version += 1) {
      put(anObject(version))
      remove('team/iris')
    }
    put(anObject(100))
    const read = await pass(1_000)
    expect(read.filter((line) => !line.endsWith('removed'))).toEqual([
      'team/iris 3',
      'team/iris 100',
    ])
  })

  it('count before a list is complete, unless the object is not in the list', async () => {
    const { put, keepOnly, pass } = keeping()
    for (const key of ['team/iris', 'team/gone'])
      for (const version of [1, 2]) put(anObject(version, key))
    keepOnly(new Set(['team/iris']))
    expect(await pass(1_000)).toEqual([
      'team/iris 1',
      'team/gone 1',
      'team/iris 2',
      'only team/iris',
    ])
  })

  it('of many objects are handled with turns of the event loop in between', async () => {
    const { put, pass, turns } = keeping()
    for (const version of [1, 2])
      for (let index = 0; index < 320; index += 1) put(anObject(version, `team/${index}`))
    await pass(100)
    expect(turns.count).toBe(20)
  })

  it('are not handled after shutdown', async () => {
    const { put, close, pass } = keeping()
    put(anObject(1))
    put(anObject(2))
    close()
    expect(await pass(1_000)).toEqual(['team/iris 1'])
  })
})

it('objects that were updated once are forgotten 2,000 at a time', async () => {
  const { put, pass, turns } = keeping()
  for (let index = 0; index < 5_000; index += 1) put(anObject(1, `team/${index}`))
  await pass(150)
  expect(turns.count).toBe(2)
})
