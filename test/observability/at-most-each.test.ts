import { describe, expect, it } from 'vitest'
import { atMostEach, REST } from '../../src/observability/at-most-each.ts'

const settle = () => new Promise((resolve) => setImmediate(resolve))

function making() {
  let now = 0
  const made: number[] = []
  const pending: PromiseWithResolvers<string>[] = []
  const waiting: { readonly until: number; readonly wake: () => void }[] = []
  const make = () => {
    made.push(now)
    const next = Promise.withResolvers<string>()
    pending.push(next)
    return next.promise
  }
  const wait = (ms: number) => new Promise<void>((wake) => waiting.push({ until: now + ms, wake }))
  return {
    get: atMostEach(1_000, make, { now: () => now, wait }),
    made,
    pass: async (ms: number) => {
      await settle()
      now += ms
      for (const { until, wake } of waiting) if (until <= now) wake()
      await settle()
    },
    end: async (text: string) => {
      pending.shift()?.resolve(text)
      await settle()
    },
    fail: () => pending.shift()?.reject(new Error('not made')),
  }
}

describe('a value that many request at once', () => {
  it('is the same for all, however long it takes', async () => {
    const { get, made, end, pass } = making()
    const asked = Array.from({ length: 64 }, get)
    await pass(5_000)
    asked.push(get())
    await end('one')
    expect(new Set(await Promise.all(asked))).toEqual(new Set(['one']))
    expect(made).toEqual([0])
  })

  it('is created again for later requests, after a pause that grows with its cost', async () => {
    const { get, made, end, pass } = making()
    const first = get()
    await pass(2)
    await end('one')
    expect(await first).toBe('one')
    const asked = Array.from({ length: 64 }, get)
    await pass(2 * REST - 1)
    expect(made).toEqual([0])
    await pass(1)
    await end('two')
    expect(new Set(await Promise.all(asked))).toEqual(new Set(['two']))
    expect(made).toEqual([0, 2 + 2 * REST])
  })

  it('is created at least this often', async () => {
    const { get, made, end, pass } = making()
    const first = get()
    await pass(500)
    await end('one')
    await first
    const second = get()
    await pass(1_000)
    await end('two')
    expect(await second).toBe('two')
    expect(made).toEqual([0, 1_500])
  })

  it('fails for all of them, but not forever', async () => {
    const { get, fail, end, pass } = making()
    const asked = [get(), get()].map((each) => expect(each).rejects.toThrow('not made'))
    fail()
    await Promise.all(asked)
    const next = get()
    await pass(1_000)
    await end('two')
    expect(await next).toBe('two')
  })
})
