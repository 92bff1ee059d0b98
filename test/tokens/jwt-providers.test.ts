import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { CredentialPlace } from '../../src/access/decision.ts'
import { type CacheBounds, createCache } from '../../src/common/cache.ts'
import { createSigner, FAULTS, goodClaims, nowSeconds } from '../../testing/issuers/oidc-issuer.ts'
import { anIssuer, aProvider, compact, someProviders, verdictOf } from './support.ts'

/** Longer than any test, so that only tokens cause fetches. */
const QUIET = { refresh: 3_600_000, firstRetry: 3_600_000, longestRetry: 3_600_000 }
const HEADER: CredentialPlace = { kind: 'header', name: 'x-goog-iap-jwt-assertion' }
const COOKIE: CredentialPlace = { kind: 'cookie', name: 'id_token' }

afterEach(() => vi.restoreAllMocks())

/** A thousand at a time, which one tenant may have. */
async function inThousands(
  thousands: number,
  ask: (index: number) => Promise<string | undefined>,
): Promise<ReadonlySet<string | undefined>> {
  const verdicts = new Set<string | undefined>()
  for (let thousand = 0; thousand < thousands; thousand += 1) {
    const asked = Array.from({ length: 1_000 }, (_, index) => ask(thousand * 1_000 + index))
    for (const verdict of await Promise.all(asked)) verdicts.add(verdict)
  }
  return verdicts
}

const signatures = () => vi.spyOn(crypto.subtle, 'verify')

describe('the keys of an issuer are fetched', () => {
  it('once for 10,000 concurrent first requests, and a repeated token is verified once', async () => {
    const issuer = await anIssuer()
    const answer = issuer.hold()
    const providers = someProviders([aProvider(issuer)], { periods: QUIET })
    const tokens = Array.from({ length: 100 }, (_, index) => issuer.token({ jti: `${index}` }))
    const verdicts = Array.from({ length: 100 }, () => tokens)
      .flat()
      .map((token) => verdictOf(providers, token))
    const checked = signatures()
    answer()

    expect(new Set(await Promise.all(verdicts))).toEqual(new Set(['idp:ada']))
    expect(issuer.asked()).toEqual({ discoveries: 0, fetches: 1 })
    expect(checked).toHaveBeenCalledTimes(100)
  })

  it('at most once per cool-down for 10,000 tokens with random kids', async () => {
    const issuer = await anIssuer()
    const providers = someProviders([aProvider(issuer)], {
      periods: { ...QUIET, coolDown: 60_000 },
    })
    await verdictOf(providers, issuer.token())
    const before = issuer.asked().fetches
    const claims = goodClaims(issuer.issuer)
    const verdicts = await inThousands(10, () =>
      verdictOf(providers, compact({ alg: 'ES256', kid: randomUUID() }, claims)),
    )
    expect(verdicts).toEqual(new Set(['invalid-token']))
    expect(issuer.asked().fetches - before).toBe(1)
    expect(await verdictOf(providers, issuer.token())).toBe('idp:ada')
  })

  it('also for such tokens one after another', async () => {
    const issuer = await anIssuer()
    const providers = someProviders([aProvider(issuer)], {
      periods: { ...QUIET, coolDown: 60_000 },
    })
    await verdictOf(providers, issuer.token())
    const before = issuer.asked().fetches
    for (let count = 0; count < 1_000; count += 1) {
      await verdictOf(providers, issuer.token({}, { kid: randomUUID() }))
    }

    expect(issuer.asked().fetches - before).toBe(1)
  })

  it('at once for a new key: its first token is valid; a removed key is refused from then on', async () => {
    const issuer = await anIssuer()
    const next = createSigner()
    const providers = someProviders([aProvider(issuer)], { periods: QUIET })
    const old = issuer.token()
    expect(await verdictOf(providers, old)).toBe('idp:ada')
    issuer.publish(next.jwk)
    expect(await verdictOf(providers, old)).toBe('idp:ada')

    const claims = { ...goodClaims(issuer.issuer), sub: 'grace' }
    expect(await verdictOf(providers, next.sign(claims))).toBe('idp:grace')
    expect(await verdictOf(providers, old)).toBe('invalid-token')
    expect(issuer.asked().fetches).toBe(2)
  })

  it('for a new key without a kid', async () => {
    const [first, next] = [createSigner(), createSigner()]
    const issuer = await anIssuer({ signer: first })
    issuer.publish({ ...first.jwk, kid: undefined })
    const providers = someProviders([aProvider(issuer)], { periods: QUIET })
    expect(await verdictOf(providers, issuer.token({}, { kid: undefined }))).toBe('idp:ada')
    issuer.publish({ ...next.jwk, kid: undefined })

    const claims = { ...goodClaims(issuer.issuer), sub: 'grace' }
    expect(await verdictOf(providers, next.sign(claims, { kid: undefined }))).toBe('idp:grace')
  })

  it('for a new key with the kid of the old one: new tokens are valid at once, old ones refused', async () => {
    const issuer = await anIssuer()
    const next = createSigner()
    const kid = 'the same'
    const first = createSigner()
    issuer.publish({ ...first.jwk, kid })
    const providers = someProviders([aProvider(issuer)], { periods: QUIET })
    const claims = goodClaims(issuer.issuer)
    const old = first.sign(claims, { kid })
    expect(await verdictOf(providers, old)).toBe('idp:ada')
    issuer.publish({ ...next.jwk, kid })
    expect(await verdictOf(providers, old)).toBe('idp:ada')

    expect(await verdictOf(providers, next.sign({ ...claims, sub: 'grace' }, { kid }))).toBe(
      'idp:grace',
    )
    expect(await verdictOf(providers, old)).toBe('invalid-token')
    expect(await verdictOf(providers, first.sign({ ...claims, jti: 'new' }, { kid }))).toBe(
      'invalid-token',
    )
    expect(issuer.asked().fetches).toBe(2)
  })

  it('for such a key of another type, and among others with that kid', async () => {
    const [first, rsa, second] = [createSigner(), createSigner('RS256'), createSigner()]
    const issuer = await anIssuer()
    const kid = 'the same'
    issuer.publish({ ...first.jwk, kid }, { ...createSigner().jwk, kid })
    const algorithms = ['ES256', 'RS256']
    const periods = { ...QUIET, coolDown: 0 }
    const providers = someProviders([aProvider(issuer, { algorithms })], { periods })
    const claims = goodClaims(issuer.issuer)
    expect(await verdictOf(providers, first.sign(claims, { kid }))).toBe('idp:ada')
    issuer.publish({ ...rsa.jwk, kid })
    expect(await verdictOf(providers, rsa.sign(claims, { kid }))).toBe('idp:ada')
    issuer.publish({ ...second.jwk, kid }, { ...rsa.jwk, kid })
    expect(await verdictOf(providers, second.sign(claims, { kid }))).toBe('idp:ada')
  })

  it('at most once per cool-down for 10,000 invalid signatures, concurrent and sequential', async () => {
    const issuer = await anIssuer()
    const providers = someProviders([aProvider(issuer)], {
      periods: { ...QUIET, coolDown: 60_000 },
    })
    const [head, ...rest] = issuer.token().split('.')
    expect(await verdictOf(providers, issuer.token())).toBe('idp:ada')
    const before = issuer.asked().fetches
    const bad = (index: number) =>
      [head, rest[0], Buffer.alloc(64, `${index}`).toString('base64url')].join('.')

    const verdicts = await inThousands(9, (index) => verdictOf(providers, bad(index)))
    expect(verdicts).toEqual(new Set(['invalid-token']))
    for (let index = 9_000; index < 10_000; index += 1) {
      expect(await verdictOf(providers, bad(index))).toBe('invalid-token')
    }
    expect(issuer.asked().fetches - before).toBe(1)
    expect(await verdictOf(providers, issuer.token())).toBe('idp:ada')
  })

  it('but not for tokens with a known key that are refused', async () => {
    const issuer = await anIssuer()
    const providers = someProviders([aProvider(issuer)], { periods: { ...QUIET, coolDown: 0 } })
    await verdictOf(providers, issuer.token())
    await verdictOf(providers, issuer.token({ sub: 7 }))
    await verdictOf(providers, issuer.token({ aud: 'other' }))

    expect(issuer.asked().fetches).toBe(1)
  })

  it('in the background, too: a removed key is refused afterwards', async () => {
    const issuer = await anIssuer()
    const providers = someProviders([aProvider(issuer)], { periods: { ...QUIET, refresh: 20 } })
    const token = issuer.token()
    expect(await verdictOf(providers, token)).toBe('idp:ada')
    issuer.publish(createSigner().jwk)

    await expect.poll(() => verdictOf(providers, token)).toBe('invalid-token')
  })

  it('from a file, soon after it has changed', async () => {
    const signer = createSigner()
    const issuer = await anIssuer({ signer })
    const folder = await mkdtemp(path.join(tmpdir(), 'keys-'))
    const file = path.join(folder, 'jwks.json')
    await writeFile(file, JSON.stringify({ keys: [createSigner().jwk] }))
    const providers = someProviders([aProvider(issuer, { keys: { kind: 'file', file } })], {
      periods: { refresh: 20 },
    })
    expect(await verdictOf(providers, issuer.token())).toBe('invalid-token')

    await writeFile(file, JSON.stringify({ keys: [signer.jwk] }))
    await expect.poll(() => verdictOf(providers, issuer.token())).toBe('idp:ada')
    expect(issuer.asked().fetches).toBe(0)
    await rm(folder, { recursive: true })
  })
})

describe('a verified token is cached', () => {
  it('so that its signature is verified once', async () => {
    const issuer = await anIssuer()
    const providers = someProviders([aProvider(issuer)], { periods: QUIET })
    const token = issuer.token()
    const checked = signatures()
    for (let count = 0; count < 100; count += 1) await verdictOf(providers, token)

    expect(checked).toHaveBeenCalledTimes(1)
  })

  it('per namespace, so that others do not evict it', async () => {
    const issuer = await anIssuer()
    const holders: (string | undefined)[] = []
    const providers = someProviders([aProvider(issuer)], {
      periods: QUIET,
      createCache: <V>(bounds: CacheBounds) => {
        const cache = createCache<V>(bounds)
        const set: typeof cache.set = (...given) => {
          holders.push(given[3]?.holder)
          cache.set(...given)
        }
        return { ...cache, set }
      },
    })
    await verdictOf(providers, issuer.token())
    expect(holders).toEqual(['team'])
  })

  it('until it expires, including leeway', async () => {
    const issuer = await anIssuer()
    const providers = someProviders([aProvider(issuer)], { periods: QUIET })
    const exp = nowSeconds() + 60
    const token = issuer.token({ exp })
    expect(await verdictOf(providers, token)).toBe('idp:ada')
    const end = (exp + 60) * 1_000
    vi.spyOn(Date, 'now').mockReturnValue(end - 1)
    expect(await verdictOf(providers, token)).toBe('idp:ada')
    vi.spyOn(Date, 'now').mockReturnValue(end)

    expect(await verdictOf(providers, token)).toBe('expired-token')
  })

  it('no longer than the keys are trusted', async () => {
    const issuer = await anIssuer()
    const providers = someProviders([aProvider(issuer)], { periods: { ...QUIET, maxAge: 500 } })
    const token = issuer.token()
    expect(await verdictOf(providers, token)).toBe('idp:ada')
    issuer.fail(FAULTS['a status of 500'])

    await expect.poll(() => verdictOf(providers, token)).toBe('authentication-unavailable')
  })

  it('only with exactly this text', async () => {
    const issuer = await anIssuer()
    const providers = someProviders([aProvider(issuer)], { periods: QUIET })
    const token = issuer.token()
    expect(await verdictOf(providers, token)).toBe('idp:ada')

    expect(await verdictOf(providers, `${token.slice(0, -4)}AAAA`)).toBe('invalid-token')
  })

  it('and found only in places of its provider', async () => {
    const issuer = await anIssuer()
    const providers = someProviders([aProvider(issuer, { places: [HEADER, COOKIE] })])
    const token = issuer.token()

    expect(await verdictOf(providers, token)).toBe('unknown-issuer')
    expect(await verdictOf(providers, token, [HEADER])).toBe('idp:ada')
    expect(await verdictOf(providers, token, [COOKIE])).toBe('idp:ada')
    expect(await verdictOf(providers, token)).toBe('unknown-issuer')
    expect(await verdictOf(providers, token, [{ kind: 'header', name: COOKIE.name }])).toBe(
      'unknown-issuer',
    )
  })
})

describe('an issuer that does not answer', () => {
  it.each(Object.entries(FAULTS))('with %s affects its own tokens only', async (_title, fault) => {
    const [ill, well] = [await anIssuer(), await anIssuer()]
    ill.fail(fault)
    const failures: string[] = []
    const providers = someProviders([aProvider(ill), aProvider(well, { name: 'well' })], {
      failures,
      periods: QUIET,
      limits: { timeoutMs: 500 },
    })

    expect(await verdictOf(providers, ill.token())).toBe('authentication-unavailable')
    expect(await verdictOf(providers, well.token())).toBe('idp:ada')
    expect(await verdictOf(providers, ill.token())).toBe('authentication-unavailable')
    expect(ill.asked().fetches).toBe(1)
    expect(failures).toHaveLength(1)
    expect(failures.join()).not.toContain('marker')
  })

  it('at the start: tokens are valid once it answers, without a restart', async () => {
    const issuer = await anIssuer()
    await issuer.stop()
    const providers = someProviders([aProvider(issuer)], {
      periods: { ...QUIET, firstRetry: 20, longestRetry: 20 },
    })
    expect(await verdictOf(providers, issuer.token())).toBe('authentication-unavailable')
    await issuer.restart()

    await expect.poll(() => verdictOf(providers, issuer.token())).toBe('idp:ada')
  })

  it('later: tokens with known keys stay valid, and so do new ones; other keys cannot be verified', async () => {
    const issuer = await anIssuer()
    const providers = someProviders([aProvider(issuer)], {
      periods: { ...QUIET, refresh: 20, firstRetry: 20, longestRetry: 20 },
    })
    expect(await verdictOf(providers, issuer.token())).toBe('idp:ada')
    await issuer.stop()
    const other = issuer.token({}, { kid: 'other' })
    await expect.poll(() => verdictOf(providers, other)).toBe('authentication-unavailable')

    expect(await verdictOf(providers, issuer.token({ jti: 'new' }))).toBe('idp:ada')
    expect(await verdictOf(providers, issuer.token().replace(/[^.]*$/, 'A'.repeat(86)))).toBe(
      'invalid-token',
    )
    await issuer.restart()
    await expect.poll(() => verdictOf(providers, other)).toBe('invalid-token')
  })

  it('but is slow delays nobody with a known key', async () => {
    const issuer = await anIssuer()
    const providers = someProviders([aProvider(issuer)], { periods: QUIET })
    await verdictOf(providers, issuer.token())
    const answer = issuer.hold()
    const other = verdictOf(providers, issuer.token({}, { kid: 'other' }))
    await expect.poll(() => issuer.asked().fetches).toBe(2)

    expect(await verdictOf(providers, issuer.token({ jti: 'new' }))).toBe('idp:ada')
    answer()
    expect(await other).toBe('invalid-token')
  })

  it('gets no request because of tokens with invalid claims', async () => {
    const issuer = await anIssuer()
    issuer.fail(FAULTS['a status of 500'])
    const providers = someProviders([aProvider(issuer)], { periods: { ...QUIET, coolDown: 0 } })
    await expect.poll(() => issuer.asked().fetches).toBe(1)
    const checked = signatures()

    expect(await verdictOf(providers, issuer.token({ aud: 'other' }))).toBe('wrong-audience')
    expect(await verdictOf(providers, issuer.token({ exp: 1 }))).toBe('expired-token')
    expect(await verdictOf(providers, issuer.token({ iss: 'other' }))).toBe('unknown-issuer')
    expect(issuer.asked().fetches).toBe(1)
    expect(checked).toHaveBeenCalledTimes(0)
  })
})

describe('a key set with unsupported keys', () => {
  it('is used without them, and they are reported once with the reason, without their content', async () => {
    const signer = createSigner()
    const issuer = await anIssuer({ signer })
    issuer.publish(signer.jwk, { kty: 'oct', kid: 'x', k: 'marker' })
    const told: string[] = []
    const periods = { ...QUIET, refresh: 20 }
    const onLeftOut = (provider: string, keys: string) => told.push(`${provider}: ${keys}`)
    const providers = someProviders([aProvider(issuer)], { onLeftOut, periods })

    expect(await verdictOf(providers, issuer.token())).toBe('idp:ada')
    const before = issuer.asked().fetches
    await expect.poll(() => issuer.asked().fetches).toBeGreaterThan(before + 2)
    expect(told).toEqual(['idp: kid x: it holds a secret'])
  })
})

describe('the age of the keys', () => {
  it('is reported by provider, and is absent before they are known', async () => {
    const [ill, well] = [await anIssuer(), await anIssuer()]
    ill.fail(FAULTS['a status of 500'])
    const providers = someProviders([aProvider(ill), aProvider(well, { name: 'well' })])
    await verdictOf(providers, well.token())

    expect(providers.keyAges().get('idp')).toBeUndefined()
    expect(providers.keyAges().get('well')).toBeLessThan(5_000)
  })
})
