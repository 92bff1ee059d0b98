// Lets `check` decide about a caller without its credential.

import { hash, randomUUID } from 'node:crypto'
import type { NamedCaller } from '../access/caller.ts'
import { serviceAccountCaller } from '../access/service-account-caller.ts'
import type { Assumed } from '../app/fact-source.ts'
import { isRecord } from '../common/json.ts'
import { serviceAccountOfUser } from '../common/service-account-name.ts'
import type { Config } from '../config/read-config.ts'
import { UsageError } from './exit-codes.ts'
import type { CheckFlags } from './flags.ts'
import { isNamespacedName } from './named-service.ts'

/** A caller to assume, and the credential that stands for it in the request. */
export type AssumedBy = {
  readonly credential: string
  readonly isKey: boolean
  readonly inspected: Assumed
}

/** The caller of `--as` or `--as-key`; `undefined`: neither is given. Throws a UsageError. */
export function assumedBy({
  as,
  asGroup,
  asKey,
  header,
}: Pick<CheckFlags, 'as' | 'asGroup' | 'asKey' | 'header'>): AssumedBy | undefined {
  if (as === undefined && asGroup.length > 0) throw new UsageError('--as-group: needs --as')
  if (as !== undefined && asKey !== undefined)
    throw new UsageError('--as and --as-key: give one of them')
  if (as === undefined && asKey === undefined) return undefined
  if (header.some((line) => /^(?:authorization|x-api-key|api-key)\s*:/i.test(line)))
    throw new UsageError('--as and --as-key replace the credential: leave its header out')
  if (as === '') throw new UsageError('the user: expected a user of Kubernetes, not an empty text')
  const credential = `assumed-${randomUUID()}`
  const digest = hash('sha256', credential)
  if (as !== undefined) {
    return { credential, isKey: false, inspected: { digest, as: { caller: userOf(as, asGroup) } } }
  }
  if (asKey === undefined || !isNamespacedName(asKey))
    throw new UsageError('--as-key: expected namespace/name of a Secret')
  return { credential, isKey: true, inspected: { digest, as: { key: asKey } } }
}

/** A user of Kubernetes with the groups that its API server would add. */
function userOf(user: string, groups: readonly string[]): NamedCaller {
  const named = serviceAccountOfUser(user)
  const account = named && serviceAccountCaller(named.namespace, named.name, undefined)
  const implied = account?.groups ?? ['system:authenticated']
  return {
    kind: 'kubernetes',
    user,
    groups: [...new Set([...groups, ...implied])],
    uid: undefined,
    extra: {},
    inRbac: true,
    reference: account?.reference ?? user,
  }
}

/** The request with the credential of the assumed caller, in a header where the installation accepts it. */
export function withCredential(
  message: unknown,
  assumed: AssumedBy | undefined,
  { apiKeys }: Config,
): unknown {
  if (assumed === undefined) return message
  const place = assumed.isKey ? (apiKeys.headers[0] ?? 'authorization') : 'authorization'
  const scheme = assumed.isKey ? (apiKeys.schemes[0] ?? 'Bearer') : 'Bearer'
  const value = place === 'authorization' ? `${scheme} ${assumed.credential}` : assumed.credential
  return within(message, ['attributes', 'request', 'http'], (http) => {
    const raw = isRecord(http.header_map) ? http.header_map.headers : undefined
    return Array.isArray(raw) && raw.length > 0
      ? { ...http, header_map: { headers: [...raw, { key: place, value }] } }
      : { ...http, headers: { ...(isRecord(http.headers) ? http.headers : {}), [place]: value } }
  })
}

type Fields = Readonly<Record<string, unknown>>

function within(
  value: unknown,
  [key, ...rest]: readonly string[],
  change: (fields: Fields) => Fields,
): unknown {
  if (!isRecord(value)) return value
  return key === undefined ? change(value) : { ...value, [key]: within(value[key], rest, change) }
}
