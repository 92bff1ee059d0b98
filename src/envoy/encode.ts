import type { Caller } from '../access/caller.ts'
import { claimAt } from '../access/claims.ts'
import type { Allow, ClaimHeaders, CredentialPlace, Decision } from '../access/decision.ts'
import { withoutCookie } from '../common/cookies.ts'
import type { Dialect } from './dialect.ts'
import { encodeDenials, header } from './encode-denials.ts'
import { createEncodeMetadata, type MetadataSubject } from './metadata.ts'
import { encodeCheckResponse, type HeaderOption } from './protocol.ts'

/** The names of the headers by which the model learns who calls. */
type IdentityHeaders = {
  readonly user: string
  readonly groups: string
  /** Says the kind of the caller's credential. */
  readonly credential: string
  /** Further headers, each with the claim whose text it carries. */
  readonly claims: Readonly<Record<string, string>>
}

export type Encoding = {
  readonly headers: IdentityHeaders
  readonly realm: string
  /** From 0 to 1: how long one that came at too bad a time is told to wait. */
  readonly random?: () => number
}

/** What of a request an answer depends on, and what it is about. */
export type EncodingContext = MetadataSubject & {
  readonly dialect: Dialect
  readonly underscored: readonly string[]
  readonly cookie: string | undefined
}

export type Encode = (decision: Decision, asked: EncodingContext) => Buffer

/**
 * Creates the one encoder of answers. Denials are encoded beforehand; an allow is encoded once for each
 * caller and kept as long as the caller is.
 */
export function createEncode({ headers, realm, random = Math.random }: Encoding): Encode {
  const denials = encodeDenials(realm, random)
  const names = withHyphens([
    headers.user,
    headers.groups,
    headers.credential,
    ...Object.keys(headers.claims),
  ])
  const open = encodeAllow([], names)
  const known = new WeakMap<Caller, WeakMap<ClaimHeaders, Map<string, Buffer>>>()
  const encodeMetadata = createEncodeMetadata()

  return (decision, asked) => {
    const reason = decision.outcome === 'deny' ? decision.reason : undefined
    return Buffer.concat([answerTo(decision, asked), encodeMetadata(asked, reason)])
  }

  function answerTo(decision: Decision, asked: EncodingContext): Buffer {
    if (decision.outcome === 'deny') return denials(decision.reason, asked.dialect)
    const own = namesOf(decision)
    const forged = asked.underscored.filter((name) => isSpellingOf(own, name))
    const cookies = decision.consumed.some(({ kind }) => kind === 'cookie')
    if (forged.length > 0 || cookies) return encodeFor(decision, forged, asked.cookie)
    if (decision.caller !== undefined) return kept(decision.caller, decision)
    return own === names ? open : encodeFor(decision, [], undefined)
  }

  /** Of every header that is ours where this is allowed. */
  function namesOf({ claimHeaders }: Allow): readonly string[] {
    const further = Object.keys(claimHeaders)
    return further.length === 0 ? names : [...names, ...further]
  }

  function kept(caller: Caller, decision: Allow): Buffer {
    const { claimHeaders, consumed } = decision
    const byHeaders = known.get(caller) ?? new WeakMap<ClaimHeaders, Map<string, Buffer>>()
    const replies = byHeaders.get(claimHeaders) ?? new Map<string, Buffer>()
    known.set(caller, byHeaders.set(claimHeaders, replies))
    const key = consumed.map(({ name }) => name).join()
    const reply = replies.get(key) ?? encodeFor(decision, [], undefined)
    replies.set(key, reply)
    return reply
  }

  function encodeFor(decision: Allow, forged: readonly string[], cookie: string | undefined) {
    const claims = { ...headers.claims, ...decision.claimHeaders }
    const set = identityHeaders(decision.caller, headers, claims)
    const taken = withoutCredential(decision.consumed, cookie)
    const given = new Set(set.map(({ header }) => header.key))
    const removed = [...namesOf(decision), ...forged, ...taken.removed]
    return encodeAllow(
      [...set, ...taken.set],
      removed.filter((name) => !given.has(name)),
    )
  }
}

/** To many a server `-` and `_` are the same in the name of a header. */
const hyphenated = (name: string): string => name.replaceAll('_', '-')

const withHyphens = (names: readonly string[]): readonly string[] => [
  ...new Set([...names, ...names.map(hyphenated)]),
]

const isSpellingOf = (names: readonly string[], name: string): boolean =>
  names.includes(hyphenated(name)) && !names.includes(name)

const encodeAllow = (set: readonly HeaderOption[], remove: readonly string[]): Buffer =>
  encodeCheckResponse({
    status: { code: 0 },
    ok_response: { headers: set, headers_to_remove: remove },
  })

/** Both fields: releases of Envoy differ in which one they heed when the other is unset. */
const overwriting = (key: string, value: string): HeaderOption => ({
  ...header(key, value),
  append: { value: false },
  append_action: OVERWRITE_IF_EXISTS_OR_ADD,
})

const OVERWRITE_IF_EXISTS_OR_ADD = 2

// Anything else could end a header line or mean something to a reader of it.
const PRINTABLE = /^[\x20-\x7e]+$/
export const MAX_VALUE_LENGTH = 16_384

function identityHeaders(
  caller: Caller | undefined,
  names: IdentityHeaders,
  claims: ClaimHeaders,
): HeaderOption[] {
  if (caller === undefined) return []
  const groups = caller.groups.filter((group) => PRINTABLE.test(group) && !group.includes(','))
  const values: readonly (readonly [string, string])[] = [
    [names.user, caller.user],
    [names.groups, groups.join(',')],
    [names.credential, caller.kind],
    ...Object.entries(claims).map(([name, claim]) => [name, textClaim(caller, claim)] as const),
  ]
  return values
    .filter(([, value]) => PRINTABLE.test(value) && value.length <= MAX_VALUE_LENGTH)
    .map(([name, value]) => overwriting(name, value))
}

/** `''`: the caller showed no token with this claim, or it is no text. */
function textClaim({ claims }: Caller, name: string | undefined): string {
  const value = claims === undefined || name === undefined ? undefined : claimAt(claims, name)
  return typeof value === 'string' ? value : ''
}

function withoutCredential(consumed: readonly CredentialPlace[], cookie: string | undefined) {
  const names = consumed.filter(({ kind }) => kind === 'cookie').map(({ name }) => name)
  const rest = names.length === 0 ? undefined : withoutCookie(cookie ?? '', names)
  const removed = consumed.filter(({ kind }) => kind === 'header').map(({ name }) => name)
  if (rest === undefined) return { set: [], removed }
  return PRINTABLE.test(rest)
    ? { set: [overwriting('cookie', rest)], removed }
    : { set: [], removed: [...removed, 'cookie'] }
}
