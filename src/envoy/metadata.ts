import type { Caller } from '../access/caller.ts'
import type { DenyReason } from '../access/decision.ts'
import { idOf, type Service } from '../access/service.ts'
import { encodeMetadataField } from './protocol.ts'

/** What an answer is about. */
export type MetadataSubject = {
  /** `undefined`: none was found. */
  readonly service: Service | undefined
  /** `undefined`: nobody was asked, or it was not found out. */
  readonly caller: Caller | undefined
}

export type EncodeMetadata = (subject: MetadataSubject, reason: DenyReason | undefined) => Buffer

const NO_SERVICE = {}
const NOBODY = {}

/**
 * Creates the encoder of what Envoy's access log may say of an answer, as dynamic metadata. What it made is
 * kept as long as service and caller are: at most one for each reason of both.
 */
export function createEncodeMetadata(): EncodeMetadata {
  const known = new WeakMap<object, WeakMap<object, Map<string | undefined, Buffer>>>()

  return (subject, reason) => {
    const { service = NO_SERVICE, caller = NOBODY } = subject
    const found = known.get(service)?.get(caller)?.get(reason)
    if (found !== undefined) return found
    const byCaller = known.get(service) ?? new WeakMap<object, Map<string | undefined, Buffer>>()
    const byReason = byCaller.get(caller) ?? new Map<string | undefined, Buffer>()
    const bytes = encode(subject, reason)
    known.set(service, byCaller.set(caller, byReason.set(reason, bytes)))
    return bytes
  }
}

function encode({ service, caller }: MetadataSubject, reason: DenyReason | undefined): Buffer {
  const values = {
    service: service === undefined ? '' : idOf(service),
    user: caller?.user ?? '',
    credential: caller?.reference ?? '',
    reason: reason ?? '',
  }
  const fields = Object.entries(values)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => [name, { stringValue: loggable(value) }] as const)
  return encodeMetadataField({ fields: Object.fromEntries(fields) })
}

export const MAX_METADATA_LENGTH = 512
// Quotes and backslashes too: a log in a format of text writes values as they are.
const NOT_LOGGABLE = /[^\x20-\x7e]|["\\]/g

const loggable = (value: string): string =>
  value.slice(0, MAX_METADATA_LENGTH).replace(NOT_LOGGABLE, '?')
