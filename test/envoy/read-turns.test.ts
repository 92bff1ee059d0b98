import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createReadTurns, LIGHT_WORK, READ_PER_TURN, workOf } from '../../src/envoy/read-turns.ts'
import { LEAST_TURN_WORK, TURN_WORK } from '../../src/envoy/turn-work.ts'

/** The size of one read, 64 KiB. */
const READ_WORK = 8

type Connection = {
  readonly address: string
  left: number
  reads: boolean
  /** Which of all starts was its last one. */
  started: number
  read: () => void
}

/**
 * Connections with their pending bytes. As in libuv, a turn reads once from each connection that is not paused at
 * that moment, in the order in which they were started.
 */
function wire({ msOfTurn = 0, rests = new Set<string>() } = {}) {
  let at = 0
  const turns = createReadTurns({
    rests: (address) => rests.has(address),
    // It is looked at as a turn begins and as it ends.
    now: () => {
      at += msOfTurn
      return at
    },
  })
  const connections: Connection[] = []
  let started = 0
  const work = new Map<string, number>()
  const connect = (address: string, left: number) => {
    const one: Connection = { address, left, reads: false, started: 0, read: () => {} }
    const reader = turns.add(address, {
      start: () => {
        one.reads = true
        started += 1
        one.started = started
      },
      stop: () => {
        one.reads = false
      },
    })
    one.read = () => {
      if (!one.reads || one.left === 0) return
      const brought = Math.min(READ_WORK, one.left)
      one.left -= brought
      work.set(address, (work.get(address) ?? 0) + brought)
      turns.spend(reader, brought)
    }
    connections.push(one)
    return { one, reader }
  }
  /** The bytes read in the turn. */
  const poll = async () => {
    work.clear()
    for (const { read } of connections.toSorted((a, b) => a.started - b.started)) read()
    const sum = [...work.values()].reduce((all, each) => all + each, 0)
    await turn()
    return sum
  }
  /** The turns until all of a connection is read. */
  const turnsFor = async (one: Connection) => {
    let turns = 0
    for (; one.left > 0; turns += 1) await poll()
    return turns
  }
  const left = () => connections.reduce((sum, each) => sum + each.left, 0)
  return { turns, connections, connect, poll, turnsFor, left, work }
}

describe('connections with much data', () => {
  it('are read a few per turn of the event loop, and all in the end', async () => {
    const { connect, poll, left } = wire()
    for (let index = 0; index < 1_000; index += 1) connect(`a-${index % 20}`, 10 * READ_WORK)
    const sums: number[] = []
    while (left() > 0 && sums.length < 10_000) sums.push(await poll())
    expect(left()).toBe(0)
    // Each address may send a little, plus the read that exceeds it.
    expect(Math.max(...sums)).toBeLessThanOrEqual(TURN_WORK + 20 * (LIGHT_WORK + READ_WORK))
    expect(sums.toSorted((a, b) => b - a)[Math.floor(sums.length / 2)]).toBeLessThanOrEqual(
      TURN_WORK,
    )
  })

  it('do not delay those of an address with little data', async () => {
    const { connect, poll, connections } = wire()
    for (let index = 0; index < 1_000; index += 1) connect(`a-${index % 20}`, 100 * READ_WORK)
    const { one } = connect('good', 0)
    for (let count = 0; count < 200; count += 1) {
      one.left = 1
      await poll()
      expect(one.left).toBe(0)
    }
    expect(connections.filter(({ left }) => left > 0).length).toBeGreaterThan(100)
  })

  it('do not delay those of an address below its share, even if it is read in turn', async () => {
    const { connect, poll, turnsFor } = wire()
    for (let index = 0; index < 1_000; index += 1) connect(`a-${index % 20}`, 1_000 * READ_WORK)
    for (let count = 0; count < 50; count += 1) await poll()
    const { one } = connect('good', 20 * READ_WORK)
    const { one: second } = connect('good', 20 * READ_WORK)
    while (one.left > 0 || second.left > 0) await poll()
    const waits: number[] = []
    for (let count = 0; count < 100; count += 1) {
      one.left = 1
      waits.push(await turnsFor(one))
      for (let pause = 0; pause < 5; pause += 1) await poll()
    }
    expect(Math.max(...waits)).toBeLessThanOrEqual(2)
  })

  it('do not delay each other if each brings little', async () => {
    const { connect, poll } = wire({ msOfTurn: 100 })
    const all = Array.from({ length: 200 }, () => connect('a', READ_WORK).one)
    while (all.some(({ left }) => left > 0)) await poll()
    const waits: number[] = []
    for (let index = 0; index < all.length; index += 1) {
      for (const one of [all[index], all[(index + 99) % all.length]]) if (one) one.left = 1
      let turns = 0
      for (; all[index]?.left === 1; turns += 1) await poll()
      waits.push(turns)
    }
    expect(Math.max(...waits)).toBeLessThanOrEqual(Math.ceil(200 / READ_PER_TURN))
  })

  it('of which most bring nothing do not delay one that brings little, although others use up each turn', async () => {
    const { connect, poll, turnsFor } = wire({ msOfTurn: 100 })
    for (let index = 0; index < 200; index += 1) connect('a', 0)
    for (let index = 0; index < 16; index += 1) connect('a', 1_000_000 * READ_WORK)
    const { one } = connect('a', 0)
    for (let count = 0; count < 20; count += 1) await poll()
    const waits: number[] = []
    for (let count = 0; count < 50; count += 1) {
      one.left = 1
      waits.push(await turnsFor(one))
    }
    const whole = Math.ceil(217 / READ_PER_TURN) + (16 * READ_WORK) / (LEAST_TURN_WORK / 2)
    expect(Math.max(...waits)).toBeLessThanOrEqual(whole)
  })

  it('that brought nothing for long are read a few per turn if all bring much at once', async () => {
    const { connect, poll, left } = wire()
    const all = Array.from({ length: 200 }, () => connect('a', READ_WORK).one)
    // The last one keeps the address in turns.
    const { one: last } = connect('a', 1_000 * READ_WORK)
    while (left() > last.left) await poll()
    for (let count = 0; count < 10; count += 1) await poll()
    for (const one of all) one.left = READ_WORK
    const sums: number[] = []
    while (left() > last.left) sums.push(await poll())
    expect(Math.max(...sums)).toBeLessThanOrEqual(TURN_WORK / 2 + 2 * READ_WORK)
    expect(sums.length).toBeLessThanOrEqual((200 + sums.length) / (TURN_WORK / 2 / READ_WORK) + 1)
  })

  it('are read in turns sooner while many connections are opened', async () => {
    const { connect, poll } = wire()
    const all = Array.from({ length: 5 }, () => connect('a', 0).one)
    const read = async () => {
      for (const one of all) one.left = READ_WORK
      return poll()
    }
    await poll()
    expect(await read()).toBe(5 * READ_WORK)
    for (let index = 0; index < 16; index += 1) connect(`new-${index}`, 0)
    expect(await read()).toBe(2 * READ_WORK)
  })

  it('of which none has data are tried a few per turn', async () => {
    const { connect, poll, connections } = wire()
    const all = Array.from({ length: 200 }, () => connect('a', 1).one)
    // They keep the address in turns.
    for (let index = 0; index < 2; index += 1) connect('a', 1_000 * READ_WORK)
    while (all.some(({ left }) => left > 0)) await poll()
    for (let count = 0; count < 10; count += 1) {
      await poll()
      expect(connections.filter(({ reads }) => reads).length).toBe(READ_PER_TURN)
    }
  })

  it('are read in proportion to their data', async () => {
    const { connect, poll, work } = wire()
    for (let index = 0; index < 200; index += 1) connect('flood', 1_000 * READ_WORK)
    for (let count = 0; count < 5; count += 1) await poll()
    const { one } = connect('other', 10 * READ_WORK)
    let flood = 0
    while (one.left > 0) {
      await poll()
      flood += work.get('flood') ?? 0
    }
    expect(flood).toBeLessThanOrEqual(10 * TURN_WORK)
  })

  it('are read without turns again once they have little data', async () => {
    const { connect, poll, connections } = wire()
    for (let index = 0; index < 100; index += 1) connect('a', READ_WORK)
    await poll()
    expect(connections.some(({ reads }) => !reads)).toBe(true)
    for (let count = 0; count < 100; count += 1) await poll()
    expect(connections.every(({ reads }) => reads)).toBe(true)
  })

  it('are fewer in a turn if turns take long', async () => {
    const { connect, poll } = wire({ msOfTurn: 100 })
    for (let index = 0; index < 1_000; index += 1) connect(`a-${index % 20}`, 100 * READ_WORK)
    for (let count = 0; count < 50; count += 1) await poll()
    expect(await poll()).toBe(LEAST_TURN_WORK / 2)
  })

  it('are not read while their address rests, and then go on', async () => {
    const rests = new Set<string>()
    const { connect, poll, left } = wire({ rests })
    const { one: first } = connect('a', 100 * READ_WORK)
    const { one: good } = connect('b', 0)
    rests.add('a')
    await poll()
    const before = first.left
    for (let count = 0; count < 20; count += 1) {
      good.left = 1
      await poll()
    }
    expect([first.left, first.reads, good.left]).toEqual([before, false, 0])
    rests.clear()
    await expect
      .poll(async () => {
        await poll()
        return left()
      })
      .toBe(0)
  })

  it('are not read if their address rests, although they bring little', async () => {
    const rests = new Set(['a'])
    const { connect, poll } = wire({ rests })
    const { one } = connect('a', 1)
    await poll()
    one.left = 1
    await poll()
    expect([one.left, one.reads]).toEqual([1, false])
  })

  it('are forgotten when they end', async () => {
    const { turns, connect, poll } = wire()
    const held = Array.from({ length: 50 }, () => connect('a', 100 * READ_WORK))
    await poll()
    for (const { one, reader } of held) {
      one.left = 0
      one.reads = false
      turns.remove(reader)
    }
    for (let count = 0; count < 10; count += 1) await poll()
    expect(held.some(({ one }) => one.reads)).toBe(false)
    expect(connect('a', 0).one.reads).toBe(true)
  })
})

it('a read of 64 KiB is as much work as eight requests', () => {
  expect(workOf(65_536)).toBe(READ_WORK)
})
