// Encodes dynamic metadata for Envoy's access log.

import type { Caller } from '../access/caller.ts'
import type { DenyReason } from '../access/decision.ts'
import { idOf, type Service } from '../access/service.ts'
import { bytesOf, field, METADATA } from './fields.ts'
import { createReplies } from './replies.ts'

/** The subject of an answer. */
export type MetadataSubject = {
  /** `undefined`: none was found. */
  readonly service: Service | undefined
  /** `undefined`: not asked for, or not known. */
  readonly caller: Caller | undefined
}

export type EncodeMetadata = (subject: MetadataSubject, reason: DenyReason | undefined) => Buffer

/**
 * Creates the encoder of dynamic metadata, from which Envoy's access log can show the decision. It keeps those
 * of recent callers.
 */
export function createEncodeMetadata(): EncodeMetadata {
  const replies = createReplies()

  return ({ service, caller }, reason) => {
    const key = { service, caller, reason }
    const kept = replies.find(key)
    if (kept !== undefined) return kept
    const metadata = metadataOf(key, reason)
    replies.add(key, metadata)
    return bytesOf(metadata)
  }
}

/** The same, not kept: the bytes, as of `fields.ts`. */
export function metadataOf(
  { service, caller }: MetadataSubject,
  reason: DenyReason | undefined,
): string {
  const values = {
    service: service === undefined ? '' : idOf(service),
    user: caller?.user ?? '',
    credential: caller?.reference ?? '',
    reason: reason ?? '',
  }
  let fields = ''
  for (const [name, value] of Object.entries(values)) {
    if (value !== '') {
      fields += field(1, field(1, name) + field(2, field(STRING_VALUE, loggable(value))))
    }
  }
  return field(METADATA, fields)
}

/** Of google.protobuf.Value. */
const STRING_VALUE = 3

export const MAX_METADATA_LENGTH = 512
// Quotes and backslashes, too: text logs do not escape values.
const NOT_LOGGABLE = /[^\x20-\x7e]|["\\]/g

const loggable = (value: string): string =>
  value.slice(0, MAX_METADATA_LENGTH).replace(NOT_LOGGABLE, '?')
