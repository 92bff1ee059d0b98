import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createOpenings, OPENED_PER_TURN, type Opening } from '../../src/envoy/openings.ts'

afterEach(() => {
  vi.useRealTimers()
})

function waitingFor(
  limits: Parameters<typeof createOpenings>[0],
  rests?: (address: string) => boolean,
) {
  const openings = createOpenings(limits, rests)
  const opened: Opening[] = []
  const ended: Opening[] = []
  const add = (address: string): Opening => {
    const one: Opening = {
      address,
      open: () => opened.push(one),
      end: () => ended.push(one),
    }
    openings.add(one)
    return one
  }
  const addMany = (count: number, address: string) => {
    for (let index = 0; index < count; index += 1) add(address)
  }
  const addressesOf = (list: readonly Opening[]) => list.map(({ address }) => address)
  /** Until nothing more is opened. */
  const rest = async () => {
    for (let before = -1; before !== opened.length; await turn()) before = opened.length
  }
  return { openings, opened, ended, add, addMany, addressesOf, rest }
}

const WIDE = { opening: 1_000, openingPerAddress: 1_000 }

describe('connections of an address that rests', () => {
  it('wait until it has rested', async () => {
    let rests = true
    const { openings, opened, add, addressesOf, rest } = waitingFor(
      WIDE,
      (address) => rests && address === 'a',
    )
    add('a')
    add('b')
    await rest()
    expect(addressesOf(opened)).toEqual(['b'])
    rests = false
    const [first] = opened
    if (first !== undefined) openings.settled(first)
    await rest()
    expect(addressesOf(opened)).toEqual(['b', 'a'])
  })
})

describe('connections that arrive at once', () => {
  it('are opened a few per turn of the event loop, and all in the end', async () => {
    const { openings, opened, addMany } = waitingFor(WIDE)
    addMany(200, 'a')
    expect(opened).toHaveLength(0)
    const steps: number[] = []
    while (opened.length < 200 && steps.length < 1_000) {
      const before = opened.length
      await turn()
      steps.push(opened.length - before)
    }
    expect(Math.max(...steps)).toBe(OPENED_PER_TURN)
    expect(opened).toHaveLength(200)
    expect(openings.held()).toEqual({ waiting: 0, opening: 200 })
  })

  it('are opened in turn by address', async () => {
    const { opened, addMany, add } = waitingFor(WIDE)
    for (let index = 0; index < 20; index += 1) addMany(50, `flood-${index}`)
    const good = add('good')
    const before = opened.length
    while (!opened.includes(good)) await turn()
    expect(opened.length - before).toBeLessThanOrEqual(21 + OPENED_PER_TURN)
  })

  it('are opened up to the limit without a request, and the next once one sends a request', async () => {
    const { openings, opened, addMany, addressesOf, rest } = waitingFor({
      opening: 6,
      openingPerAddress: 4,
    })
    addMany(10, 'a')
    addMany(10, 'b')
    await rest()
    expect(addressesOf(opened).toSorted()).toEqual(['a', 'a', 'a', 'b', 'b', 'b'])
    const [first] = opened
    if (first !== undefined) openings.settled(first)
    await rest()
    expect(opened).toHaveLength(7)
    expect(openings.held()).toEqual({ waiting: 13, opening: 6 })
  })

  it('from one address are opened no more than it may have without a request', async () => {
    const { openings, addMany, rest } = waitingFor({ opening: 100, openingPerAddress: 4 })
    addMany(10, 'a')
    await rest()
    expect(openings.held()).toEqual({ waiting: 6, opening: 4 })
  })

  it('and close while they wait are not opened', async () => {
    const { openings, opened, add, addressesOf, rest } = waitingFor({
      opening: 1,
      openingPerAddress: 1,
    })
    add('a')
    const gone = add('a')
    await rest()
    openings.settled(gone)
    expect(openings.held()).toEqual({ waiting: 0, opening: 1 })
    expect(addressesOf(opened)).toEqual(['a'])
  })
})

describe('a new connection', () => {
  it('replaces a silent one of the address that has most', async () => {
    const { opened, ended, add, addMany, addressesOf, rest } = waitingFor({
      opening: 5,
      openingPerAddress: 4,
    })
    addMany(1, 'few')
    addMany(9, 'many')
    await rest()
    const good = add('good')
    await rest()
    expect(opened).toContain(good)
    expect(addressesOf(ended)).toEqual(['many'])
  })

  it('replaces a silent one whose time is over, if each address has one', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'setImmediate', 'performance'] })
    const { opened, ended, add, addressesOf } = waitingFor({ opening: 3, openingPerAddress: 4 })
    for (const address of ['a', 'b', 'c']) add(address)
    await vi.advanceTimersByTimeAsync(10)
    const good = add('good')
    await vi.advanceTimersByTimeAsync(10)
    expect(opened).not.toContain(good)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(opened).toContain(good)
    expect(addressesOf(ended)).toEqual(['a'])
  })
})
