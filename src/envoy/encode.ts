// Encodes answers, with identity headers and without the credential.

import type { Allow, CredentialPlace, Decision } from '../access/decision.ts'
import { SUBPROTOCOLS_HEADER, withoutSubprotocols } from '../access/subprotocols.ts'
import { withoutCookie } from '../common/cookies.ts'
import { API_KEY_PLACES, type ApiKeyPlaces } from './advice.ts'
import type { Cors } from './cors.ts'
import { encodeAllow, type SetHeader } from './encode-allow.ts'
import { type DeniedContext, encodeDenials } from './encode-denials.ts'
import { bytesOf } from './fields.ts'
import {
  type IdentityHeaders,
  identityNames,
  identityValues,
  type OnLeftOut,
  PRINTABLE,
} from './identity-headers.ts'
import { createEncodeMetadata, type MetadataSubject, metadataOf } from './metadata.ts'
import { createReplies, type Replies } from './replies.ts'

export type Encoding = {
  readonly headers: IdentityHeaders
  readonly realm: string
  /** Absent: no answer is for scripts of other origins. */
  readonly cors?: Cors
  /** Where API keys are accepted; absent: as by default. */
  readonly apiKeys?: ApiKeyPlaces
  /** Between 0 and 1: selects the `retry-after` of a denial. */
  readonly random?: () => number
  /** Called for a value of a caller that no header can carry. */
  readonly onLeftOut?: OnLeftOut
  /** The allows that are kept. */
  readonly replies?: Replies
}

/** The parts of a request that its answer depends on, and the subject of the answer. */
export type EncodingContext = MetadataSubject &
  DeniedContext & {
    readonly underscored: readonly string[]
    readonly cookie: string | undefined
    /** The subprotocols that a WebSocket client offers. */
    readonly offered?: string | undefined
  }

const NO_CORS: Cors = { origins: [], headers: [], maxAge: 0 }

type Shown = Pick<EncodingContext, 'cookie' | 'offered'>

export type Encode = (decision: Decision, asked: EncodingContext) => Buffer

/** Creates the encoder of answers. Denials are encoded in advance; the allows of recent callers are kept. */
export function createEncode({
  headers,
  realm,
  cors = NO_CORS,
  apiKeys = API_KEY_PLACES,
  random = Math.random,
  onLeftOut = () => {},
  replies = createReplies(),
}: Encoding): Encode {
  const denials = encodeDenials({ realm, cors, apiKeys, random })
  const names = withHyphens(identityNames(headers))
  const open = encodeAllow([], names)
  const encodeMetadata = createEncodeMetadata()

  return (decision, asked) => {
    if (decision.outcome === 'deny')
      return Buffer.concat([denials(decision, asked), encodeMetadata(asked, decision.reason)])
    if (!isKept(decision, asked))
      return Buffer.concat([bytesOf(answerTo(decision, asked)), encodeMetadata(asked, undefined)])
    const { service, caller } = asked
    const key = { service, caller, allowed: decision }
    const kept = replies.find(key)
    if (kept !== undefined) return kept
    const answer = answerTo(decision, asked) + metadataOf(asked, undefined)
    replies.add(key, answer)
    return bytesOf(answer)
  }

  /** Whether the answer depends only on service, caller and decision. */
  function isKept(decision: Allow, { underscored }: EncodingContext): boolean {
    return (
      !underscored.some((name) => isSpellingOf(namesOf(decision), name)) &&
      decision.consumed.every(({ kind }) => kind === 'header')
    )
  }

  function answerTo(decision: Allow, asked: EncodingContext): string {
    const own = namesOf(decision)
    const forged = asked.underscored.filter((name) => isSpellingOf(own, name))
    const isWithin = decision.consumed.some(({ kind }) => kind !== 'header')
    const isOpen = decision.caller === undefined && own === names && forged.length === 0
    return isOpen && !isWithin ? open : encodeFor(decision, forged, asked)
  }

  /** Every header that only this program may set on this request. */
  function namesOf({ claimHeaders }: Allow): readonly string[] {
    const further = Object.keys(claimHeaders)
    return further.length === 0 ? names : [...names, ...further]
  }

  function encodeFor(decision: Allow, forged: readonly string[], shown: Shown): string {
    const claims = { ...headers.claims, ...decision.claimHeaders }
    const values =
      decision.caller === undefined
        ? []
        : identityValues(decision.caller, headers, claims, onLeftOut)
    const taken = withoutCredential(decision.consumed, shown)
    const given = new Set(values.map(([name]) => name))
    const removed = [...namesOf(decision), ...forged, ...taken.removed]
    return encodeAllow(
      [...values, ...taken.set],
      removed.filter((name) => !given.has(name)),
    )
  }
}

/** Many servers treat `-` and `_` in header names alike. */
const hyphenated = (name: string): string => name.replaceAll('_', '-')

const withHyphens = (names: readonly string[]): readonly string[] => [
  ...new Set([...names, ...names.map(hyphenated)]),
]

const isSpellingOf = (names: readonly string[], name: string): boolean =>
  names.includes(hyphenated(name)) && !names.includes(name)

/** Removes the consumed credentials from their places. */
function withoutCredential(consumed: readonly CredentialPlace[], { cookie, offered }: Shown) {
  if (consumed.every(({ kind }) => kind === 'header')) {
    return { set: [], removed: consumed.map(({ name }) => name) }
  }
  const named = (kind: CredentialPlace['kind']) =>
    consumed.filter((place) => place.kind === kind).map(({ name }) => name)
  const [cookies, prefixes] = [named('cookie'), named('subprotocol')]
  const rests = [
    ...(cookies.length === 0 ? [] : [['cookie', withoutCookie(cookie ?? '', cookies)] as const]),
    ...(prefixes.length === 0
      ? []
      : [[SUBPROTOCOLS_HEADER, withoutSubprotocols(offered ?? '', prefixes)] as const]),
  ]
  const isLeft = ([, rest]: (typeof rests)[number]) => PRINTABLE.test(rest)
  return {
    set: rests.filter(isLeft) satisfies readonly SetHeader[],
    removed: [...named('header'), ...rests.filter((rest) => !isLeft(rest)).map(([name]) => name)],
  }
}
