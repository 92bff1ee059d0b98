import { mapCaller } from '../../../src/tokens/caller-mapping.ts'
import { checkIntrospection } from '../../../src/tokens/check-introspection.ts'
import { readIntrospection } from '../../../src/tokens/introspect.ts'
import { jsonIn, must, quotesMarker, type Target } from '../target.ts'

const ISSUER = 'https://issuer.example.com'
const EXPECTED = { issuer: ISSUER, audiences: ['models'] }
const MAPPING = {
  name: 'issuer',
  issuer: ISSUER,
  rbac: {
    username: { claim: 'sub', prefix: 'issuer:' },
    groups: { claim: 'groups', prefix: 'issuer:' },
  },
}

/** What an authorization server says of a token. */
export const introspection: Target = {
  name: 'introspection',
  form: 'json',
  words: [
    'active',
    'true',
    'false',
    'scope',
    'client_id',
    'username',
    'token_type',
    'Bearer',
    'DPoP',
    'token_use',
    'refresh_token',
    'typ',
    'exp',
    'iat',
    'nbf',
    'sub',
    'aud',
    'models',
    'iss',
    ISSUER,
    'cnf',
    'events',
    'groups',
    'email',
    'system:masters',
  ],
  run: (input) => {
    const answer = answerIn(input.toString())
    if (answer === undefined) return
    const { claims } = answer
    const refusal = checkIntrospection(claims, EXPECTED, Date.now() / 1_000)
    must(!quotesMarker([JSON.stringify(refusal ?? {})]), 'quotes the answer')
    const found = mapCaller(MAPPING, claims)
    if (refusal !== undefined || found.kind !== 'verified') return
    must(isForUs(Object(jsonIn(input))), 'is valid and not for us')
    const { user, groups } = found.value
    must(user === undefined || user.startsWith('issuer:'), 'is a user of no issuer')
    must(
      groups.every((group) => group.startsWith('issuer:')),
      'is in a group of no issuer',
    )
  },
}

/** `undefined`: not active, or not said. */
function answerIn(text: string) {
  try {
    return readIntrospection(text)
  } catch (error) {
    must(error instanceof Error && error.message.startsWith('the answer '), 'fails otherwise')
    must(!quotesMarker([String(error)]), 'quotes the answer')
    return undefined
  }
}

/** Written anew: what the code must have found out of an answer that counts. */
function isForUs({
  active,
  iss,
  aud,
  exp,
  nbf,
  iat,
  cnf,
  events,
  token_type,
}: {
  readonly [claim: string]: unknown
}): boolean {
  const now = Date.now() / 1_000
  const isAbsent = (value: unknown) => value === undefined || value === null
  return (
    active === true &&
    (isAbsent(iss) || iss === ISSUER) &&
    [aud].flat().includes('models') &&
    (isAbsent(exp) || (typeof exp === 'number' && exp + 61 > now)) &&
    (isAbsent(nbf) || (typeof nbf === 'number' && nbf - 61 < now)) &&
    !(typeof iat === 'number' && iat - 61 > now) &&
    [cnf, events].every(isAbsent) &&
    (isAbsent(token_type) ||
      (typeof token_type === 'string' && /^(bearer|access_token)$/i.test(token_type)))
  )
}
