import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Asker } from '../../../src/access/identify.ts'
import { CACHE_PERIODS } from '../../../src/common/cache-periods.ts'
import { CALL_LIMITS } from '../../../src/common/dependency-calls.ts'
import { held } from './asking.ts'
import { ASKER, aToken, authenticating, GOOD } from './authenticating.ts'

const { running: RUNNING, waitingPerKey: WAITING, patienceMs: PATIENCE_MS } = CALL_LIMITS

const of = (namespace: string, name = 'iris'): Asker => ({
  service: { ...ASKER.service, namespace, name },
  proxy: () => '10.0.0.1',
})

const times = <T>(number: number, make: (index: number) => T): T[] =>
  Array.from({ length: number }, (_, index) => make(index))

const tally = (texts: readonly string[]) =>
  Object.fromEntries(
    [...new Set(texts)].map((each) => [each, texts.filter((one) => one === each).length]),
  )

/** The clock stands still. */
let clock = 0
beforeEach(() => {
  clock = performance.now()
  vi.spyOn(performance, 'now').mockImplementation(() => clock)
})
afterEach(() => void vi.restoreAllMocks())

describe('five times as many new tokens of the cluster as may run and wait', () => {
  const most = RUNNING + WAITING

  it('cause as many TokenReviews as may run, and the rest is refused immediately', async () => {
    const { answer } = held()
    const { verdict, requests, sheds } = authenticating(answer)
    const verdicts: string[] = []
    for (const asked of times(5 * most, () => verdict(aToken())))
      void asked.then((made) => verdicts.push(made))
    await expect.poll(() => verdicts).toHaveLength(4 * most)
    expect(tally(verdicts)).toEqual({ overloaded: 4 * most })
    expect(sheds).toHaveLength(4 * most)
    expect(requests).toHaveLength(RUNNING)
  })

  it('do not delay cached tokens', async () => {
    const { answer } = held()
    const api = authenticating(() => GOOD)
    const known = aToken()
    await api.verdict(known)
    api.answer(answer)
    for (const asked of times(5 * most, () => api.verdict(aToken()))) void asked
    await expect.poll(() => api.requests).toHaveLength(RUNNING + 1)
    expect(api.remembered(known)).toBe('team/reader')
  })

  it('cause no TokenReview once their answer would come too late', async () => {
    const { answer, release } = held()
    const { verdict, requests } = authenticating(answer)
    const verdicts = times(most, () => verdict(aToken()))
    await expect.poll(() => requests).toHaveLength(RUNNING)
    clock += PATIENCE_MS
    release(GOOD)
    expect(tally(await Promise.all(verdicts))).toEqual({
      'team/reader': RUNNING,
      overloaded: WAITING,
    })
    expect(requests).toHaveLength(RUNNING)
  })

  it('leave a turn for refreshing a token in use', async () => {
    const { answer, release } = held()
    const api = authenticating(() => GOOD, { limits: { running: 1 } })
    const known = aToken()
    await api.verdict(known)
    api.answer(answer)
    clock += CACHE_PERIODS.positiveMs - 1
    for (const asked of times(10, () => api.verdict(aToken()))) void asked
    await expect.poll(() => api.requests).toHaveLength(2)
    expect(api.remembered(known)).toBe('team/reader')
    for (const sent of [3, 4]) {
      release(GOOD)
      await expect.poll(() => api.requests).toHaveLength(sent)
    }
    expect(api.requests.map(({ body }) => JSON.stringify(body).includes(known))).toEqual([
      true,
      false,
      false,
      true,
    ])
  })
})

describe("one tenant's flood of new tokens", () => {
  it('leaves every second TokenReview to another tenant, whatever number of services it has', async () => {
    const { answer, release } = held()
    const { verdict, requests } = authenticating(answer, { limits: { running: 1 } })
    for (const asked of times(40, (index) => verdict(aToken(), of('noisy', `iris-${index}`))))
      void asked
    await expect.poll(() => requests).toHaveLength(1)
    const others = times(3, () => aToken())
    const verdicts = others.map((token) => verdict(token, of('quiet')))
    for (let sent = 2; sent <= 7; sent += 1) {
      release(GOOD)
      await expect.poll(() => requests).toHaveLength(sent)
    }
    const sent = requests.map(({ body }) => JSON.stringify(body))
    expect(sent.map((body) => others.some((token) => body.includes(token)))).toEqual([
      false,
      false,
      true,
      false,
      true,
      false,
      true,
    ])
    release(GOOD)
    expect(await Promise.all(verdicts)).toEqual(others.map(() => 'team/reader'))
  })
})

describe('a token whose verification waits behind too many', () => {
  it('is overloaded without a TokenReview, and is looked up at the next request', async () => {
    let busy = true
    const { verdict, requests } = authenticating(() => GOOD, {
      signatureOf: async () => (busy ? 'overloaded' : 'signed'),
    })
    const token = aToken()
    expect(await verdict(token)).toBe('overloaded')
    expect(requests).toEqual([])
    busy = false
    expect(await verdict(token)).toBe('team/reader')
  })
})
