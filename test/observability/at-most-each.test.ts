import { describe, expect, it } from 'vitest'
import { atMostEach } from '../../src/observability/at-most-each.ts'

function making() {
  let now = 0
  let made = 0
  const pending: PromiseWithResolvers<string>[] = []
  const make = () => {
    made += 1
    const next = Promise.withResolvers<string>()
    pending.push(next)
    return next.promise
  }
  return {
    get: atMostEach(1_000, make, () => now),
    made: () => made,
    wait: (ms: number) => {
      now += ms
    },
    end: async (text: string) => {
      pending.shift()?.resolve(text)
      await Promise.resolve()
      await Promise.resolve()
    },
    fail: () => pending.shift()?.reject(new Error('not made')),
  }
}

describe('what is made at most once in a period', () => {
  it('is the same for all who ask while it is made, however long that takes', async () => {
    const { get, made, end, wait } = making()
    const asked = Array.from({ length: 64 }, get)
    wait(5_000)
    asked.push(get())
    await end('one')
    expect(new Set(await Promise.all(asked))).toEqual(new Set(['one']))
    expect(made()).toBe(1)
  })

  it('is made anew for who asks after the period', async () => {
    const { get, made, end, wait } = making()
    const first = get()
    await end('one')
    await first
    wait(999)
    expect(await get()).toBe('one')
    wait(1)
    const second = get()
    await end('two')
    expect(await second).toBe('two')
    expect(made()).toBe(2)
  })

  it('fails for all who ask meanwhile, and not for ever', async () => {
    const { get, fail, end, wait } = making()
    const asked = [get(), get()]
    fail()
    for (const each of asked) await expect(each).rejects.toThrow('not made')
    wait(1_000)
    const next = get()
    await end('two')
    expect(await next).toBe('two')
  })
})
