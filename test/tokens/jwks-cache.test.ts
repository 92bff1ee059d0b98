import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createJwksCache, type JwksCache, type JwksPeriods } from '../../src/tokens/jwks-cache.ts'
import { createSigner } from '../../testing/issuers/oidc-issuer.ts'

const PERIODS: JwksPeriods = {
  refresh: 600_000,
  coolDown: 10_000,
  firstRetry: 1_000,
  longestRetry: 60_000,
  maxAge: 3_600_000,
}

const setOf = (...signers: readonly ReturnType<typeof createSigner>[]) => ({
  keys: signers.map(({ jwk }) => jwk),
})
const [first, second] = [createSigner(), createSigner()]

/** The times of the fetches, in milliseconds from the start. */
let fetches: number[] = []
let published: unknown
let answer = async () => published
let changes = 0
let failures: string[] = []
let bug: Error | undefined
let holder: JwksCache

function start(periods: Partial<JwksPeriods> = {}) {
  const begun = performance.now()
  holder = createJwksCache({
    fetchKeys: () => {
      fetches.push(performance.now() - begun)
      return answer()
    },
    onChange: () => {
      changes += 1
    },
    onFetched: ({ error }) => {
      if (bug !== undefined) throw bug
      if (error instanceof Error) failures.push(error.message)
    },
    periods: { ...PERIODS, ...periods },
  })
}

beforeEach(() => {
  vi.useFakeTimers()
  vi.spyOn(Math, 'random').mockReturnValue(1)
  fetches = []
  failures = []
  bug = undefined
  changes = 0
  published = setOf(first)
  answer = async () => published
})

afterEach(() => {
  holder.close()
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const passed = (ms: number) => vi.advanceTimersByTimeAsync(ms)
const down = async () => {
  throw new Error('down')
}

describe('the keys of an issuer', () => {
  it('are fetched at the start, and requests wait for them meanwhile', async () => {
    start()
    const waiting = [holder.keys(), holder.keys()].map((keys) => Promise.resolve(keys))

    expect(await Promise.all(waiting)).toEqual([holder.current(), holder.current()])
    expect(holder.current()).toBeDefined()
    expect(fetches).toEqual([0])
  })

  it('are refreshed in the background', async () => {
    start()
    await passed(600_000)

    expect(fetches).toEqual([0, 600_000])
    expect(holder.age()).toBe(0)
  })

  it.each([
    [0, 300_000],
    [0.5, 450_000],
    [1, 600_000],
  ])(
    'are refreshed after between half and the whole of the interval: with random value %d after %d',
    async (luck, at) => {
      vi.spyOn(Math, 'random').mockReturnValue(luck)
      start()
      await passed(at)

      expect(fetches).toEqual([0, at])
    },
  )

  it('are still refreshed after a bug', async () => {
    bug = new Error('a bug')
    start()
    await expect(holder.keys()).rejects.toThrow('a bug')
    bug = undefined
    await vi.advanceTimersByTimeAsync(PERIODS.firstRetry)
    expect(fetches).toHaveLength(2)
    expect(await holder.keys()).toBeDefined()
  })

  it('stay the same object while they are equal, in any order', async () => {
    published = setOf(first, second)
    start()
    await passed(0)
    const before = holder.current()
    published = setOf(second, first)
    await passed(600_000)

    expect(holder.current()).toBe(before)
    expect(changes).toBe(1)
  })

  it('are replaced when they change: a removed key is unknown', async () => {
    start()
    await passed(0)
    const before = holder.current()
    published = setOf(second)
    await passed(600_000)

    expect(holder.current()).not.toBe(before)
    expect(changes).toBe(2)
  })
})

describe('when the issuer does not answer', () => {
  it('at the start, nothing waits for later attempts, which become rarer', async () => {
    answer = down
    start()
    expect(await holder.keys()).toBeUndefined()
    await passed(200_000)

    expect(fetches).toEqual([0, 1, 3, 7, 15, 31, 63, 123, 183].map((second) => second * 1_000))
    expect(await holder.keys()).toBeUndefined()
  })

  it('the time to the next attempt counts from the last one, even if a token caused it', async () => {
    answer = down
    start({ firstRetry: 60_000, coolDown: 20_000 })
    await passed(30_000)
    await holder.keys()
    await passed(59_999)
    expect(fetches).toEqual([0, 30_000])

    await passed(1)
    expect(fetches).toEqual([0, 30_000, 90_000])
  })

  it('the delay starts again at its minimum after an answer', async () => {
    answer = down
    start()
    await passed(7_000)
    answer = async () => published
    await passed(8_000)
    answer = down
    await passed(600_000 + 1_000)

    expect(fetches.map((at) => at / 1_000)).toEqual([0, 1, 3, 7, 15, 615, 616])
  })

  it('and then does, a token gets its keys without waiting for the next attempt', async () => {
    answer = down
    start({ firstRetry: 60_000 })
    await passed(10_000)
    answer = async () => published

    expect(await holder.keys()).toBeUndefined()
    await passed(0)
    expect(holder.current()).toBeDefined()
    expect(fetches).toEqual([0, 10_000])
  })

  it('the last valid keys are used, but not forever', async () => {
    start()
    await passed(0)
    const good = holder.current()
    answer = down
    await passed(3_600_000)
    expect(await holder.keys()).toBe(good)

    await passed(1)
    expect(await holder.keys()).toBeUndefined()
    expect(holder.age()).toBe(3_600_001)
  })

  it.each<[string, unknown]>([
    ['an empty set', { keys: [] }],
    ['no set', { keys: 'none' }],
    ['only a symmetric key', { keys: [{ kty: 'oct', k: 'AAAA' }] }],
    ['only a private key', { keys: [{ ...first.jwk, d: 'AAAA' }] }],
  ])('with only %s, the last valid keys are used', async (_title, refused) => {
    start()
    await passed(0)
    const good = holder.current()
    published = refused
    await passed(600_000)

    expect(holder.current()).toBe(good)
    expect(failures).toEqual(['the key set holds no usable key, or more than 1000'])
  })

  it('in time, no second attempt is started', async () => {
    const release = Promise.withResolvers<unknown>()
    answer = () => release.promise
    start({ coolDown: 0 })
    const waiting = Array.from({ length: 10_000 }, () => Promise.resolve(holder.keys()))
    await passed(1_000_000)
    expect(fetches).toEqual([0])

    release.resolve(published)
    const keys = await Promise.all(waiting)
    expect(new Set(keys)).toEqual(new Set([holder.current()]))
  })
})

describe('a token with an unknown key', () => {
  const ask = () => holder.newerKeys(performance.now())

  it('causes a fetch at once, and gets the new key', async () => {
    start()
    await passed(1)
    published = setOf(first, second)
    const before = holder.current()

    expect(await ask()).not.toBe(before)
    expect(fetches).toEqual([0, 1])
  })

  it('causes only one per cool-down, whatever the number of tokens', async () => {
    start()
    await passed(1)
    for (let second = 0; second < 60; second += 1) {
      await Promise.all(Array.from({ length: 100 }, ask))
      await passed(1_000)
    }

    expect(fetches).toEqual([0, 1, 10_001, 20_001, 30_001, 40_001, 50_001])
  })

  it('causes none if keys were fetched after it arrived', async () => {
    start()
    const since = performance.now()
    await passed(5)

    expect(await holder.newerKeys(since - 1)).toBe(holder.current())
    expect(fetches).toEqual([0])
  })

  it('cannot be verified while the issuer does not answer, and causes no additional fetches', async () => {
    start()
    await passed(1)
    answer = down
    for (let second = 0; second < 26; second += 1) {
      expect(await ask()).toBeUndefined()
      await passed(1_000)
    }

    expect(holder.current()).toBeDefined()
    // All except the second and the last are retries in the background.
    expect(fetches.map((at) => Math.floor(at / 1_000))).toEqual([0, 0, 1, 3, 7, 15, 25])
  })
})

describe('closing', () => {
  it('cancels further attempts', async () => {
    start()
    await passed(0)
    holder.close()

    expect(vi.getTimerCount()).toBe(0)
  })

  it('ends every attempt, including the current one', async () => {
    let aborted = false
    holder = createJwksCache({
      fetchKeys: (signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            aborted = true
            reject(new Error('closed'))
          })
        }),
      onFetched: () => failures.push('told'),
      periods: PERIODS,
    })
    const waiting = holder.keys()
    holder.close()

    expect(await waiting).toBeUndefined()
    await passed(1_000_000)
    expect(aborted).toBe(true)
    expect(failures).toEqual([])
    expect(vi.getTimerCount()).toBe(0)
  })
})
