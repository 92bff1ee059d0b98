import { createHash } from 'node:crypto'
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Position } from '../../src/access/request.ts'
import { type Engine, openEngine } from '../../src/app/engine.ts'
import { explain } from '../../src/cli/check.ts'
import { type Explanation, format } from '../../src/cli/explanation.ts'
import { readConfig } from '../../src/config/read-config.ts'
import { CAUSES, DENIALS } from '../../src/envoy/denials.ts'
import { createEncode } from '../../src/envoy/encode.ts'
import type { DecodedCheckResponse } from '../../src/envoy/messages.ts'
import { decodeCheckResponse } from '../../src/envoy/protocol.ts'
import { type EnvoyServer, serveChecks } from '../../src/envoy/server.ts'
import { anAuthorize } from '../../testing/builders.ts'
import { casesOf } from '../../testing/cases.ts'
import { anyCheck } from '../../testing/envoy/any-check.ts'
import { CAPTURED_WORLD, captures } from '../../testing/envoy/captures.ts'
import { type CheckClient, checkClient, headersIn } from '../../testing/envoy/check-client.ts'
import { TEAM } from '../../testing/envoy/team.ts'
import { KEYS, TOKENS } from '../../testing/issuers/credentials.ts'
import { createSigner, goodClaims } from '../../testing/issuers/oidc-issuer.ts'
import { bindingOf, providerOf } from '../../testing/issuers/provider.ts'
import { EXPECTED } from '../fixtures/expected.ts'

const POSITIONS = ['workload', 'gateway'] as const

type Parts = Pick<Engine, 'authorize' | 'encode'>

const stops: (() => Promise<unknown>)[] = []
afterAll(async () => {
  for (const stop of stops.toReversed()) await stop()
})

/** A server for each position, with a client. */
async function clientsOf({ authorize, encode }: Parts) {
  const clients = new Map<Position, CheckClient>()
  for (const position of POSITIONS) {
    const server: EnvoyServer = await serveChecks(
      { position, address: '127.0.0.1:0' },
      {
        authorize,
        encode,
        observe: () => {},
        report: (fault) => expect.unreachable(String(fault)),
        deadlineMs: 10_000,
      },
    )
    const client = checkClient(server.port)
    stops.push(async () => {
      client.close()
      await server.close(0)
    })
    clients.set(position, client)
  }
  return async (bytes: Buffer, position: Position): Promise<DecodedCheckResponse> =>
    decodeCheckResponse((await clients.get(position)?.checkBytes(bytes)) ?? Buffer.of())
}

type Ask = Awaited<ReturnType<typeof clientsOf>>

/** Decision, reason and headers in the server's answer. */
function saidBy({ status, ok_response: ok, denied_response: denied }: DecodedCheckResponse) {
  const set = Object.fromEntries(headersIn(ok?.headers ?? denied?.headers))
  return {
    decision: (status?.code ?? 0) === 0 ? 'allow' : 'deny',
    phrase: denied === undefined ? undefined : set['x-ext-auth-reason'],
    httpStatus: denied?.status?.code ?? 200,
    headers: {
      set: withoutChance(
        Object.fromEntries(
          Object.entries(set).map(([name, value]) => [name, HIDDEN.get(name) ?? value]),
        ),
      ),
      remove: ok?.headers_to_remove ?? [],
    },
  }
}

/** Of the request, and not printed: they may be secrets. */
const HIDDEN = new Map([
  ['cookie', '(without the credential)'],
  ['x-request-id', "(the request's)"],
  ['request-id', "(the request's)"],
])

/** The retry delay is random. */
const withoutChance = (set: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  'retry-after' in set ? { ...set, 'retry-after': 'soon' } : set

const PHRASES = new Map(Object.entries(DENIALS).map(([reason, { phrase }]) => [reason, phrase]))

/** Some causes of a reason have a separate phrase. */
const OWN = new Set(Object.values(CAUSES).map(({ phrase }) => phrase))

const phraseOf = ({ reason, headers }: Explanation): string | undefined => {
  const told = headers.set['x-ext-auth-reason']
  return reason === 'invalid-token' && OWN.has(told ?? '') ? told : PHRASES.get(reason)
}

const explained = (explanation: Explanation) => ({
  ...saidOf(explanation),
  phrase: phraseOf(explanation),
})

const saidOf = ({ decision, httpStatus, headers }: Explanation) => ({
  decision,
  httpStatus,
  headers: { ...headers, set: withoutChance(headers.set) },
})

it('every reason has a separate phrase', () => {
  const all = [...PHRASES.values(), ...OWN]
  expect(new Set(all).size).toBe(all.length)
})

describe("a captured request gets the same explanation as the server's answer:", () => {
  const parts: Parts = {
    authorize: anAuthorize(CAPTURED_WORLD),
    encode: createEncode({
      headers: { user: 'x-user', groups: 'x-groups', credential: 'x-credential', claims: {} },
      realm: 'kubernetes-user',
    }),
  }
  let ask: Ask
  beforeAll(async () => {
    ask = await clientsOf(parts)
  })

  it.each(captures().map((capture) => [`${capture.name} ${capture.index + 1}`, capture] as const))(
    '%s',
    async (_title, { name, index, bytes }) => {
      const [, outcome, target] = EXPECTED[name]?.[index] ?? []
      for (const position of POSITIONS) {
        const explanation = await explain(parts, bytes, position)

        expect(explained(explanation)).toEqual(saidBy(await ask(bytes, position)))
        if (position !== EXPECTED[name]?.[index]?.[0]) continue
        expect(explanation.target).toBe(target)
        expect(explanation.reason || 'allow').toBe(outcome)
      }
    },
  )
})

describe('any request', () => {
  const RUNS = casesOf(200)
  const BATCH = 50
  const signer = createSigner()
  const issuer = 'https://issuer.test'
  const secrets = [
    ...Object.values(KEYS),
    ...Object.values(TOKENS),
    signer.sign({ ...goodClaims(issuer), email: 'ada@example.com' }),
    createSigner().sign(goodClaims(issuer)),
    'nobody-knows-this-key',
  ]
  const decisions = new Set<string>()
  const printed = new Set<string>()
  let engine: Engine
  let ask: Ask

  beforeAll(async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'agreement-'))
    stops.push(() => rm(folder, { recursive: true }))
    await cp(TEAM, folder, { recursive: true })
    await writeFile(path.join(folder, 'ada.yaml'), bindingOf('issuer:ada'))
    await writeFile(path.join(folder, 'chat.yaml'), CHAT)
    const jwksFile = path.join(folder, 'keys.jwks')
    await writeFile(jwksFile, JSON.stringify({ keys: [signer.jwk] }))
    const { jwksUri: _none, ...provider } = providerOf({ issuer, jwksUri: '' })
    const from = { headers: [{ name: 'authorization' }], cookies: ['session'] }
    const text = JSON.stringify({
      headers: { claims: { 'x-email': 'email' } },
      jwt: { providers: [{ ...provider, jwksFile, from }] },
    })
    engine = await openEngine({
      config: readConfig({ file: { path: 'config', text }, env: {}, flags: { manifests: folder } }),
      manifests: folder,
      reportProblem: () => {},
      reportFault: () => {},
      reportOutage: () => {},
    })
    stops.push(engine.close)
    ask = await clientsOf(engine)
  })

  const CHAT = `
    apiVersion: serving.kserve.io/v1alpha1
    kind: LLMInferenceService
    metadata: { name: chat, namespace: team }
  `

  it("gets the same explanation as the server's answer", async () => {
    const batch = fc.array(anyCheck(secrets), { minLength: BATCH, maxLength: BATCH })
    const agrees = async (bytes: Buffer, position: Position) => {
      const explanation = await explain(engine, bytes, position)
      const [one, other] = [explained(explanation), saidBy(await ask(bytes, position))]
      if (!isDeepStrictEqual(one, other)) expect(one).toEqual(other)
      decisions.add(explanation.reason || 'allow')
      printed.add(format(explanation, 'text')).add(format(explanation, 'json'))
    }

    await fc.assert(
      fc.asyncProperty(batch, fc.constantFrom(...POSITIONS), async (requests, position) => {
        await Promise.all(requests.map((bytes) => agrees(bytes, position)))
      }),
      { numRuns: RUNS },
    )
  })

  it('covers many reasons for denials, and allows', () => {
    expect([...decisions]).toEqual(
      expect.arrayContaining([
        'allow',
        'missing-credential',
        'malformed-credential',
        'ambiguous-credential',
        'unknown-api-key',
        'expired-api-key',
        'invalid-token',
        'not-permitted',
        'key-not-for-service',
        'unknown-target',
        'conflicting-target',
        'unsupported-request',
      ]),
    )
  })

  it('is explained without any key, token or digest', () => {
    const all = [...printed].join('')
    const digests = secrets.map((secret) => createHash('sha256').update(secret).digest('hex'))

    expect(all).toContain('alice')
    expect([...secrets, ...digests].filter((secret) => all.includes(secret))).toEqual([])
  })
})
