// Encodes dynamic metadata for Envoy's access log.

import type { Caller } from '../access/caller.ts'
import type { DenyReason } from '../access/decision.ts'
import { idOf, type Service } from '../access/service.ts'
import { encodeMetadataField } from './protocol.ts'

/** The subject of an answer. */
export type MetadataSubject = {
  /** `undefined`: none was found. */
  readonly service: Service | undefined
  /** `undefined`: not asked for, or not known. */
  readonly caller: Caller | undefined
}

export type EncodeMetadata = (subject: MetadataSubject, reason: DenyReason | undefined) => Buffer

const NO_SERVICE = {}
const NOBODY = {}

/**
 * Creates the encoder of dynamic metadata, from which Envoy's access log can show the decision. It caches one
 * per service, caller and reason, as long as both objects live.
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
// Quotes and backslashes, too: text logs do not escape values.
const NOT_LOGGABLE = /[^\x20-\x7e]|["\\]/g

const loggable = (value: string): string =>
  value.slice(0, MAX_METADATA_LENGTH).replace(NOT_LOGGABLE, '?')
