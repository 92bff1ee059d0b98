import { problemOfType } from '../../../src/tokens/bearer.ts'
import { mapCaller } from '../../../src/tokens/caller-mapping.ts'
import { decodeToken, looksLikeJwt } from '../../../src/tokens/decode-token.ts'
import { readJwks } from '../../../src/tokens/jwks.ts'
import { createLeftOutReport } from '../../../src/tokens/left-out-jwks.ts'
import { verifyJwt } from '../../../src/tokens/verify-jwt.ts'
import { createSigner, type Signer } from '../../../testing/issuers/oidc-issuer.ts'
import { at, listAt } from '../../../testing/json.ts'
import { jsonIn, must, quotesMarker, type Target } from '../target.ts'

const ISSUER = 'https://issuer.example.com'
const EXPECTED = { issuer: ISSUER, audiences: ['models'], algorithms: ['ES256'] }
const MAPPING = {
  name: 'issuer',
  issuer: ISSUER,
  rbac: {
    username: { claim: 'email', prefix: 'issuer:' },
    groups: { claim: 'realm.roles', prefix: 'issuer:' },
  },
}

const signer = createSigner()
const stranger = createSigner()
const keys = await readJwks({ keys: [signer.jwk] })
const holder = { keys: async () => keys, newerKeys: async () => keys }

type Described = {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
  /** Whose key signs. */
  readonly by: unknown
  /** Replaces the whole token; `{token}` in it stands for the token. */
  readonly text: string
}

function describedBy(value: unknown): Described {
  const { header, claims, by, text } = Object(value)
  return {
    header: { ...Object(header) },
    claims: { ...Object(claims) },
    by,
    text: typeof text === 'string' ? text : '{token}',
  }
}

/** A token as JSON: `header`, `claims`, `by` (`issuer` or another) and `text`. */
export const jwt: Target = {
  name: 'jwt',
  form: 'json',
  words: [
    '{token}',
    '.',
    'eyJ',
    '=',
    'alg',
    'none',
    'HS256',
    'ES256',
    'typ',
    'at+jwt',
    'crit',
    'b64',
    'jwk',
    'jku',
    'kid',
    'iss',
    ISSUER,
    'aud',
    'models',
    'exp',
    'nbf',
    'iat',
    'cnf',
    'events',
    'email',
    'email_verified',
    'realm',
    'roles',
    'system:masters',
    '_claim_names',
  ],
  run: async (input) => {
    const { header, claims, by, text } = describedBy(jsonIn(input))
    const good = by === 'issuer'
    const token = signed(good ? signer : stranger, claims, header)
    if (token === undefined) return
    const shown = text.replaceAll('{token}', () => token)
    const read = decodeToken(shown)
    if (read === undefined) {
      looksLikeJwt(shown)
      return
    }
    must(typeof read.alg === 'string' && typeof read.claims === 'object', 'is read in part')
    problemOfType(read, ['JOSE'])
    const verified = await verifyJwt(shown, read, EXPECTED, holder, AT_ONCE)
    if (verified.kind === 'verified') {
      must(good, 'is valid without a signature of the issuer')
      must(shown === token, 'is valid in another form than the issued one')
      must(isForUs(JSON.parse(JSON.stringify(claims)), header), 'is valid for another audience')
    }
    hasGoodCaller(read.claims)
  },
}

const AT_ONCE = <T>(verify: () => Promise<T>): Promise<T> => verify()

/** `undefined`: too deep to be encoded. */
function signed(by: Signer, claims: Described['claims'], header: Described['header']) {
  try {
    return by.sign(claims, header)
  } catch {
    return undefined
  }
}

/** An independent implementation of the expected result for a valid token. */
function isForUs(
  { iss, aud, exp, nbf = 0, iat = 0, cnf, events }: Described['claims'],
  { alg = 'ES256', crit, b64 }: Described['header'],
): boolean {
  const now = Date.now() / 1_000
  return (
    iss === ISSUER &&
    [aud].flat().includes('models') &&
    [exp, nbf].every((time) => typeof time === 'number') &&
    Number(exp) + 61 > now &&
    Number(nbf) - 61 < now &&
    !(typeof iat === 'number' && iat - 61 > now) &&
    alg === 'ES256' &&
    [cnf, events].every((each) => each === undefined || each === null) &&
    crit === undefined &&
    b64 === undefined
  )
}

function hasGoodCaller(claims: Described['claims']) {
  const plain = mapCaller({ ...MAPPING, rbac: undefined }, claims)
  const isOurs = plain.kind === 'verified' && plain.value.user?.startsWith('system:') === true
  must(!isOurs, 'is a user of Kubernetes')
  const found = mapCaller(MAPPING, claims)
  if (found.kind !== 'verified') return
  const { user, groups, impliedGroups } = found.value
  must(
    groups.every((group) => group.startsWith('issuer:')),
    'is in a group of no issuer',
  )
  must(user !== undefined || impliedGroups === undefined, 'is a user without a name')
  if (user === undefined) {
    must(!Object.hasOwn(claims, 'email'), 'is not the user that it names')
    return
  }
  must(user.startsWith('issuer:') && user !== 'issuer:', 'is a user of no issuer')
  const { email, email_verified: isVerified } = claims
  must(user === `issuer:${String(email)}`, 'is another user than it names')
  const isTrue = [undefined, true, 'true'].some((value) => value === isVerified)
  must(isTrue, 'is a user with an unverified address')
}

const valid = {
  iss: ISSUER,
  aud: 'models',
  exp: 4_102_444_800,
  sub: 'ada',
}
const token = signer.sign(valid)
const unverified = decodeToken(token)

/** A key set, in which `{x}` and `{y}` stand for the key that signed a token. */
export const jwks: Target = {
  name: 'jwks',
  form: 'json',
  words: [
    'keys',
    'kty',
    'EC',
    'RSA',
    'oct',
    'OKP',
    'use',
    'sig',
    'enc',
    'key_ops',
    'verify',
    'alg',
    'ES256',
    'kid',
    'crv',
    'P-256',
    'x',
    'y',
    '{x}',
    '{y}',
    'n',
    'e',
    'AQAB',
    'd',
    'k',
    'x5c',
  ],
  run: async (input) => {
    const text = input
      .toString()
      .replaceAll(/\{([xy])\}/g, (_all, part) => String(signer.jwk[part]))
    const set = await readJwks(jsonIn(Buffer.from(text)))
    if (set === undefined || unverified === undefined) return
    must(/^[0-9a-f]{64}$/.test(set.identity), 'has no identity')
    const told: string[] = []
    createLeftOutReport((text) => told.push(text))(set.leftOut)
    must(told.join().length < 4_096, 'contains too much')
    must(!quotesMarker([set.identity]), 'quotes a key')
    const holder = { keys: async () => set, newerKeys: async () => set }
    const { kind } = await verifyJwt(token, unverified, EXPECTED, holder, AT_ONCE)
    const named = listAt(jsonIn(Buffer.from(text)), 'keys').some(isPublicOfSigner)
    must(kind !== 'verified' || named, 'verifies a token of another key')
  },
}

/** In base64url without padding, from either alphabet. */
const numberIn = (value: unknown): string =>
  (typeof value === 'string' ? value : '')
    .replace(/={1,2}$/, '')
    .replaceAll('+', '-')
    .replaceAll('/', '_')

const isPublicOfSigner = (key: unknown): boolean =>
  numberIn(at(key, 'x')) === signer.jwk.x &&
  numberIn(at(key, 'y')) === signer.jwk.y &&
  [undefined, null, ''].some(
    (empty) => empty === at(key, 'd') || JSON.stringify(at(key, 'd')) === '[]',
  )
