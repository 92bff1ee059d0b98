// What each cause for refusing a token means: the reason of the denial, and a text.

import type { DenyReason } from './decision.ts'
import type { TokenCause, TokenRefusal } from './token-refusal.ts'

type Meaning = { readonly reason: DenyReason; readonly text: string }

const invalid = (text: string): Meaning => ({ reason: 'invalid-token', text })

/** The meaning of each cause: for clients, and for operators. */
const MEANINGS: Readonly<Record<TokenCause, Meaning>> = {
  unreadable: invalid('it cannot be read as a signed JWT'),
  algorithm: invalid('its algorithm is not configured'),
  type: invalid('its typ is not configured'),
  'bound-to-key': invalid('it is bound to a key, and the proof is not checked here'),
  event: invalid('it reports an event'),
  'unknown-issuer': { reason: 'unknown-issuer', text: 'no provider has its issuer' },
  'wrong-place': {
    reason: 'unknown-issuer',
    text: 'its provider does not accept tokens in this place',
  },
  'wrong-audience': { reason: 'wrong-audience', text: 'it is for another audience' },
  'required-claim': invalid('it lacks a value that the provider requires'),
  'several-providers': invalid('it matches several providers of its issuer'),
  'time-claim': invalid('a time in it is missing or cannot be read'),
  expired: { reason: 'expired-token', text: 'it has expired' },
  'not-yet-valid': invalid('it is not yet valid'),
  'bad-signature': invalid('the key that it names did not sign it'),
  'unknown-key': invalid('no key of the issuer matches it'),
  'no-user': invalid('it names no user'),
  'reserved-name': invalid('it has a name that starts with system:'),
  'account-gone': invalid('its ServiceAccount was deleted'),
  'refused-by-issuer': invalid('the API server refuses it'),
  inactive: invalid('its issuer says that it is not active'),
}

export const reasonOf = ({ cause }: TokenRefusal): DenyReason => MEANINGS[cause].reason

/** In words, for the decision log and `check`. */
export function describeRefusal({ cause, claim, provider, issuer }: TokenRefusal): string {
  return [
    `${cause}: ${MEANINGS[cause].text}`,
    ...(claim === undefined ? [] : [`claim ${claim}`]),
    ...(provider === undefined ? [] : [`provider ${provider}`]),
    ...(issuer === undefined ? [] : [`issuer ${issuer}`]),
  ].join(', ')
}
