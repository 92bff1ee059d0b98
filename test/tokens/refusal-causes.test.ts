import { beforeAll, describe, expect, it } from 'vitest'
import { createDirectory } from '../../src/access/directory.ts'
import { TOKEN_CAUSES, type TokenCause } from '../../src/access/token-refusal.ts'
import { createCheckObserver } from '../../src/app/observe-checks.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import { bearer, modelBehind } from '../../testing/identity-engine.ts'
import {
  type Claims,
  createSigner,
  goodClaims,
  nowSeconds,
  type OidcIssuer,
} from '../../testing/issuers/oidc-issuer.ts'
import { providerOf } from '../../testing/issuers/provider.ts'
import { anIssuer } from './support.ts'

const signer = createSigner()
const MARKER = 'marker-0123456789'
let issuer: OidcIssuer
let elsewhere: OidcIssuer
let model: Awaited<ReturnType<typeof modelBehind>>

beforeAll(async () => {
  issuer = await anIssuer({ signer })
  elsewhere = await anIssuer()
  const apart = (name: string, audience: string) => ({
    ...providerOf(elsewhere, { from: { headers: [{ name: 'x-token' }] } }),
    name,
    audiences: [audience],
    rbac: undefined,
  })
  model = await modelBehind({
    config: {
      jwt: {
        providers: [
          providerOf(issuer, { requiredClaims: { kind: ['human'] } }),
          apart('one', 'models'),
          apart('other', 'notebooks'),
        ],
      },
    },
  })
})

const good = (claims: Claims = {}): Claims => ({
  ...goodClaims(issuer.issuer),
  kind: 'human',
  secret: MARKER,
  ...claims,
})
const signed = (claims: Claims, header?: Claims) => () => bearer(signer.sign(good(claims), header))
const OF_ISSUER = (claim?: string) =>
  `${claim === undefined ? '' : `claim ${claim}, `}provider issuer, issuer ISSUER`

type Row = readonly [
  cause: TokenCause,
  headers: () => Readonly<Record<string, string>>,
  reason: string,
  phrase: string,
  end: string,
]

const INVALID = 'invalid-token'
const NOT_VALID = 'token is not valid'
const EARLY = 'token is not yet valid'

const ROWS: readonly Row[] = [
  ['unreadable', () => bearer('eyJhbGciOiJub25lIn0.e30'), INVALID, NOT_VALID, 'signed JWT'],
  ['algorithm', signed({}, { alg: 'none' }), INVALID, NOT_VALID, OF_ISSUER()],
  ['type', signed({}, { typ: 'logout+jwt' }), INVALID, NOT_VALID, OF_ISSUER()],
  ['bound-to-key', signed({ cnf: { jkt: MARKER } }), INVALID, NOT_VALID, OF_ISSUER('cnf')],
  ['event', signed({ events: {} }), INVALID, NOT_VALID, OF_ISSUER('events')],
  [
    'unknown-issuer',
    signed({ iss: MARKER }),
    'unknown-issuer',
    'token is of an unknown issuer',
    'claim iss',
  ],
  [
    'wrong-place',
    () => bearer(elsewhere.token()),
    'unknown-issuer',
    'token is of an unknown issuer',
    'provider one, issuer ELSEWHERE',
  ],
  [
    'wrong-audience',
    signed({ aud: MARKER }),
    'wrong-audience',
    'token is for another audience',
    OF_ISSUER('aud'),
  ],
  ['required-claim', signed({ kind: MARKER }), INVALID, NOT_VALID, OF_ISSUER('kind')],
  [
    'several-providers',
    () => ({ 'x-token': elsewhere.token({ aud: ['models', 'notebooks'] }) }),
    INVALID,
    NOT_VALID,
    'issuer ELSEWHERE',
  ],
  ['time-claim', signed({ exp: undefined }), INVALID, NOT_VALID, OF_ISSUER('exp')],
  ['time-claim', signed({ nbf: MARKER }), INVALID, NOT_VALID, OF_ISSUER('nbf')],
  ['expired', signed({ exp: 7 }), 'expired-token', 'token has expired', OF_ISSUER('exp')],
  ['not-yet-valid', signed({ nbf: nowSeconds() + 900 }), INVALID, EARLY, OF_ISSUER('nbf')],
  ['not-yet-valid', signed({ iat: nowSeconds() + 900 }), INVALID, EARLY, OF_ISSUER('iat')],
  [
    'bad-signature',
    () => bearer(createSigner().sign(good(), { kid: signer.jwk.kid })),
    INVALID,
    NOT_VALID,
    OF_ISSUER(),
  ],
  [
    'unknown-key',
    () => bearer(createSigner().sign(good())),
    INVALID,
    'no key of the issuer fits the token',
    OF_ISSUER(),
  ],
  [
    'no-user',
    signed({ sub: undefined }),
    INVALID,
    'token names no user',
    'claim sub, provider issuer',
  ],
  ['no-user', signed({ sub: [MARKER] }), INVALID, 'token names no user', OF_ISSUER('sub')],
  [
    'reserved-name',
    () => ({ 'x-token': elsewhere.token({ sub: 'system:admin' }) }),
    INVALID,
    NOT_VALID,
    'claim sub, provider one, issuer ELSEWHERE',
  ],
]

describe('a refused token', () => {
  it.each(ROWS)('%s', async (cause, headers, reason, phrase, end) => {
    const { answer, phrase: told, steps } = await model.ask(headers())
    expect([answer, told]).toEqual([reason, phrase])
    const step = steps.join('\n')
    const place = end.replace('ISSUER', issuer.issuer).replace('ELSEWHERE', elsewhere.issuer)
    if (cause !== 'no-user' || end.includes('ISSUER')) {
      expect(step).toContain(`caller: unknown, the token is refused: ${cause}: `)
      expect(step).toMatch(new RegExp(`${place.replaceAll('.', '\\.')}$`, 'm'))
    }
    expect(step).not.toContain(MARKER)
  })

  it('the decision log and the metrics contain the cause, and nothing of the token', async () => {
    const lines: string[] = []
    const metrics = createMetrics({
      perService: false,
      version: '0',
      directory: createDirectory(),
      resources: () => [],
    })
    const { observe } = createCheckObserver(
      metrics,
      { log: ({ detail = '' }) => lines.push(detail) },
      () => {},
    )
    for (const [, headers] of ROWS) observe(await model.check(headers()))
    const text = await metrics.text()
    for (const [index, [cause]] of ROWS.entries()) {
      expect(lines[index]).toMatch(new RegExp(`^${cause}: `))
      expect(text).toMatch(
        new RegExp(
          `^kserve_authz_token_refusals_total\\{provider="\\w*",cause="${cause}"\\} [1-9]`,
          'm',
        ),
      )
    }
    expect([...lines, text].join()).not.toContain(MARKER)
  })

  it('for every cause that a provider can have', () => {
    const told = new Set(ROWS.map(([cause]) => cause))
    expect(TOKEN_CAUSES.filter((cause) => !told.has(cause))).toEqual(OTHERS)
  })
})

/** For the cluster's own tokens, and for introspection. */
const OTHERS = ['account-gone', 'refused-by-issuer', 'inactive']
