import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type FetchLimits, type JwksLocation, jwksFetcher } from '../../src/tokens/fetch-jwks.ts'
import { FAULTS, type OidcIssuer } from '../../testing/issuers/oidc-issuer.ts'
import { anIssuer } from './support.ts'

const OPEN = new AbortController().signal
const LIMITS: FetchLimits = { timeoutMs: 10_000, maxBytes: 100_000 }
const SILENCE = 'no answer within 100 ms'
const IMPATIENT: FetchLimits = { ...LIMITS, timeoutMs: 100 }

let issuer: OidcIssuer
let elsewhere: OidcIssuer
let folder: string

beforeAll(async () => {
  issuer = await anIssuer()
  elsewhere = await anIssuer()
  folder = await mkdtemp(path.join(tmpdir(), 'keys-'))
})

afterAll(() => rm(folder, { recursive: true }))

const uri = (): JwksLocation => ({ kind: 'uri', uri: issuer.jwksUri })
const discovery = (): JwksLocation => ({ kind: 'discovery', issuer: issuer.issuer })

/** The keys, or the message of the failure. */
const outcome = (location: JwksLocation, limits = LIMITS) =>
  jwksFetcher(
    location,
    limits,
  )(OPEN).catch((error: unknown) => (error instanceof Error ? error.message : 'no error'))

describe('keys are fetched', () => {
  it('from their URL', async () => {
    expect(await outcome(uri())).toHaveProperty('keys')
  })

  it("from the URL in the issuer's discovery document", async () => {
    expect(await outcome(discovery())).toHaveProperty('keys')
  })

  it('from a file, with its current content', async () => {
    const file = path.join(folder, 'jwks.json')
    const fetchKeys = jwksFetcher({ kind: 'file', file })
    await writeFile(file, '{"keys":[1]}')
    expect(await fetchKeys(OPEN)).toEqual({ keys: [1] })

    await writeFile(file, '{"keys":[2]}')
    expect(await fetchKeys(OPEN)).toEqual({ keys: [2] })
  })

  it('through redirects to the same host', async () => {
    issuer.fail((response, { url }) => {
      if (url === '/keys') response.writeHead(302, { location: '/moved' }).end()
      else response.end('{"keys":[]}')
    })

    expect(await outcome(uri()).finally(() => issuer.fail(undefined))).toEqual({ keys: [] })
  })
})

describe('keys are not fetched, with a fixed text for the log, if the issuer sends', () => {
  it.each([
    ['a status of 500', 'the issuer answered with status 500'],
    ['nothing at all', SILENCE],
    ['a byte every few milliseconds', SILENCE],
    ['ten megabytes', 'the answer is larger than 100000 bytes'],
    ['no JSON', 'the answer is not JSON'],
    ['an end in the middle', 'the issuer cannot be reached (ECONNRESET)'],
  ] as const)('%s', async (fault, message) => {
    issuer.fail(FAULTS[fault])
    const limits = message === SILENCE ? IMPATIENT : LIMITS

    expect(await outcome(uri(), limits)).toBe(message)
    expect(await outcome(discovery(), limits)).toBe(message)
    issuer.fail(undefined)
  })

  it.each([301, 302, 303, 307, 308])('a redirect (%d) to another host', async (status) => {
    issuer.fail((response) => response.writeHead(status, { location: elsewhere.jwksUri }).end())

    expect(await outcome(uri())).toBe('the issuer redirects to another host')
    expect(elsewhere.asked()).toEqual({ discoveries: 0, fetches: 0 })
    issuer.fail(undefined)
  })

  it('endless redirects', async () => {
    const before = issuer.asked().fetches
    issuer.fail((response) => response.writeHead(302, { location: '/keys' }).end())

    expect(await outcome(uri())).toBe('the issuer redirects too often')
    expect(issuer.asked().fetches - before).toBe(4)
    issuer.fail(undefined)
  })

  it('a redirect without a location', async () => {
    issuer.fail((response) => response.writeHead(302).end())

    expect(await outcome(uri())).toBe('the issuer answered with status 302')
    issuer.fail(undefined)
  })

  it('nothing, because no connection is possible', async () => {
    const gone = await anIssuer()
    await gone.stop()

    expect(await outcome({ kind: 'uri', uri: gone.jwksUri })).toBe(
      'the issuer cannot be reached (ECONNREFUSED)',
    )
  })
})

describe('a discovery document is refused', () => {
  const answering = (document: object) => {
    issuer.fail((response) => response.end(JSON.stringify(document)))
    return outcome(discovery()).finally(() => issuer.fail(undefined))
  }

  it.each([
    ['of another issuer', () => ({ issuer: elsewhere.issuer, jwks_uri: issuer.jwksUri })],
    [
      'of the issuer with a trailing slash',
      () => ({ issuer: `${issuer.issuer}/`, jwks_uri: issuer.jwksUri }),
    ],
    ['of nobody', () => ({ jwks_uri: issuer.jwksUri })],
  ])('%s', async (_title, document) => {
    expect(await answering(document())).toBe('the discovery document is of another issuer')
  })

  it.each([
    ['without keys', {}],
    ['with keys at an http URL', { jwks_uri: 'http://example.com/keys' }],
    ['with keys in a file', { jwks_uri: 'file:///etc/keys' }],
    ['without keys', { jwks_uri: 7 }],
  ])('%s', async (_title, rest) => {
    const document = { issuer: issuer.issuer, ...rest }
    expect(await answering(document)).toBe('the discovery document has no https jwks_uri')
  })
})

describe('a file is refused', () => {
  it.each([
    ['that is not JSON', 'marker', 'the answer is not JSON'],
    ['that is too large', `"${'x'.repeat(100_000)}"`, 'the answer is larger than 100000 bytes'],
  ])('%s', async (_title, text, message) => {
    const file = path.join(folder, 'refused.json')
    await writeFile(file, text)

    expect(await outcome({ kind: 'file', file })).toBe(message)
  })

  it('that is longer than 1 MiB', async () => {
    const file = path.join(folder, 'long.json')
    await writeFile(file, ' '.repeat(1_048_577))
    await expect(jwksFetcher({ kind: 'file', file })(OPEN)).rejects.toThrow(/larger than 1048576/)
  })

  it('that does not exist', async () => {
    expect(await outcome({ kind: 'file', file: path.join(folder, 'none') })).toContain('ENOENT')
  })
})

describe('closing', () => {
  it('that is over after three seconds ends a fetch', async () => {
    const late = new AbortController()
    const limit = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(late.signal)
    const fetched = jwksFetcher({ kind: 'uri', uri: issuer.jwksUri })(OPEN)
    expect(limit.mock.calls).toEqual([[3_000]])
    limit.mockRestore()
    late.abort()
    await expect(fetched).rejects.toThrow('no answer within 3000 ms')
  })

  it('ends a fetch in progress', async () => {
    issuer.fail(FAULTS['nothing at all'])
    const closing = new AbortController()
    const fetched = jwksFetcher(uri(), { timeoutMs: 60_000 })(closing.signal)
    closing.abort()

    await expect(fetched).rejects.toThrow()
    issuer.fail(undefined)
  })
})
