import { afterEach, describe, expect, it, vi } from 'vitest'
import { createFairQueue, STANDING_PATIENCE_MS } from '../../src/common/fair-queue.ts'
import { queueKeyFor } from '../../testing/queue-keys.ts'

/** A queue whose tasks last until they are ended; `begun` lists the started ones, in order. */
function aQueue(limits: Partial<Parameters<typeof createFairQueue>[0]> = {}) {
  const queue = createFairQueue({
    running: 1,
    waiting: 10,
    waitingPerKey: 3,
    patienceMs: 60_000,
    ...limits,
  })
  const begun: string[] = []
  const ends: (() => void)[] = []
  const add = (key: string, name = key, tenant = key) =>
    queue.run({ tenant, name: key }, () => {
      begun.push(name)
      return new Promise<string>((resolve) => ends.push(() => resolve(name)))
    })
  /** Ends the running task that started first. */
  const endOne = async () => {
    ends.shift()?.()
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve()
  }
  return { queue, begun, add, endOne }
}

afterEach(() => void vi.useRealTimers())

describe('a fair queue', () => {
  it('starts as many tasks at once as may run, and the next when one ends', async () => {
    const { add, begun, endOne } = aQueue({ running: 2 })
    for (const name of ['1', '2', '3']) void add('a', name)
    expect(begun).toEqual(['1', '2'])
    await endOne()
    expect(begun).toEqual(['1', '2', '3'])
  })

  it('takes the keys in turn, however many tasks one of them has', async () => {
    const { add, begun, endOne } = aQueue()
    for (const name of ['a1', 'a2', 'a3', 'a4']) void add('a', name)
    void add('b', 'b1')
    void add('c', 'c1')
    void add('b', 'b2')
    for (let ended = 0; ended < 7; ended += 1) await endOne()
    expect(begun).toEqual(['a1', 'a2', 'b1', 'c1', 'a3', 'b2', 'a4'])
  })

  it('refuses a task of a key with too many waiting, and accepts one of another', () => {
    const { add } = aQueue()
    for (let waiting = 0; waiting <= 3; waiting += 1) expect(add('a')).toBeDefined()
    expect(add('a')).toBeUndefined()
    expect(add('b')).toBeDefined()
  })

  it('refuses every task once too many are waiting in total', () => {
    const { add } = aQueue({ waiting: 2 })
    for (const key of ['a', 'b', 'c']) expect(add(key)).toBeDefined()
    expect(add('d')).toBeUndefined()
  })

  it('takes the tenants in turn, however many keys one of them has', async () => {
    const { add, begun, endOne } = aQueue()
    for (const key of ['e1', 'e2', 'e3', 'e4', 'e5']) void add(key, key, 'evil')
    for (const name of ['t1', 't2']) void add('t', name, 'team')
    for (let ended = 0; ended < 7; ended += 1) await endOne()
    expect(begun).toEqual(['e1', 'e2', 't1', 'e3', 't2', 'e4', 'e5'])
  })

  it('when full, replaces the last task of the tenant with the most by one of another tenant', async () => {
    const { add, begun, endOne } = aQueue({ waiting: 6 })
    const evil = ['e0', 'e1', 'e2', 'e3', 'e4', 'e5', 'e6'].map((key) => add(key, key, 'evil'))
    expect(add('e7', 'e7', 'evil')).toBeUndefined()
    const team = ['t1', 't2', 't3', 't4'].map((name, key) => add(`t${key}`, name, 'team'))
    expect(team.map((work) => work !== undefined)).toEqual([true, true, true, false])
    for (let ended = 0; ended < 7; ended += 1) await endOne()
    expect(begun).toEqual(['e0', 'e1', 't1', 'e2', 't2', 'e3', 't3'])
    const rest = evil.slice(3).map((work) => Promise.resolve(work))
    expect(await Promise.all(rest)).toEqual(['e3', undefined, undefined, undefined])
  })

  it('gives the outcome of a task to its caller', async () => {
    const { add, endOne } = aQueue()
    const [one, two] = [add('a', '1'), add('a', '2')]
    await endOne()
    await endOne()
    expect(await Promise.all([one, two])).toEqual(['1', '2'])
  })

  it('continues after a task that fails', async () => {
    const { queue, add, endOne } = aQueue()
    const failing = queue.run(queueKeyFor('a'), () => Promise.reject(new Error('broken')))
    const next = add('a', 'next')
    await expect(failing).rejects.toThrow('broken')
    await endOne()
    expect(await next).toBe('next')
  })

  it('does not start a task that waited too long, and continues with the next of its key', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const { add, begun, endOne } = aQueue({ patienceMs: 250 })
    void add('a', 'a1')
    const late = add('a', 'a2')
    vi.advanceTimersByTime(200)
    const inTime = add('a', 'a3')
    vi.advanceTimersByTime(50)
    await endOne()
    expect(await late).toBeUndefined()
    expect(begun).toEqual(['a1', 'a3'])
    await endOne()
    expect(await inTime).toBe('a3')
  })

  it('starts only recent tasks of a key that has waited without a break', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const { add, begun, endOne } = aQueue({ patienceMs: 250 })
    void add('a', 'a1')
    void add('a', 'a2')
    vi.advanceTimersByTime(150)
    void add('a', 'a3')
    await endOne()
    vi.advanceTimersByTime(100)
    const old = add('a', 'a4')
    await endOne()
    expect(begun).toEqual(['a1', 'a2', 'a3'])
    vi.advanceTimersByTime(STANDING_PATIENCE_MS)
    void add('a', 'a5')
    vi.advanceTimersByTime(1)
    await endOne()
    expect(await old).toBeUndefined()
    expect(begun).toEqual(['a1', 'a2', 'a3', 'a5'])
  })

  it('starts the newest task of such a key if there is no recent one', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const { add, begun, endOne } = aQueue({ patienceMs: 250 })
    for (const name of ['a1', 'a2']) void add('a', name)
    vi.advanceTimersByTime(240)
    const old = add('a', 'a3')
    void add('a', 'a4')
    vi.advanceTimersByTime(100)
    await endOne()
    expect(await old).toBeUndefined()
    expect(begun).toEqual(['a1', 'a4'])
  })

  it('starts older tasks of another key, which has not waited for long', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const { add, begun, endOne } = aQueue({ patienceMs: 250 })
    for (const name of ['a1', 'a2']) void add('a', name)
    vi.advanceTimersByTime(150)
    for (const name of ['b1', 'b2']) void add('b', name)
    for (const name of ['a3', 'a4']) void add('a', name)
    vi.advanceTimersByTime(101)
    for (let ended = 0; ended < 3; ended += 1) await endOne()
    expect(begun).toEqual(['a1', 'a4', 'b1', 'b2'])
  })

  it('starts tasks again after all waiting ones were too late', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const { add, begun, endOne } = aQueue({ patienceMs: 250 })
    for (const name of ['a1', 'a2', 'a3']) void add('a', name)
    vi.advanceTimersByTime(250)
    await endOne()
    void add('a', 'a4')
    expect(begun).toEqual(['a1', 'a4'])
  })
})
