// Encodes an allow and what it changes in the request.

import { field, HEADERS, numberField, OK, STATUS } from './fields.ts'
import { encodeCheckResponse } from './protocol.ts'

/** A header that replaces the client's. */
export type SetHeader = readonly [name: string, value: string]

/** The bytes of an allow, as of `fields.ts`. */
export function encodeAllow(set: readonly SetHeader[], remove: readonly string[]): string {
  let changes = ''
  for (const [name, value] of set) {
    if (!ASCII.test(name) || !ASCII.test(value)) return encodeByCodec(set, remove)
    changes += field(HEADERS, field(1, field(1, name) + field(2, value)) + OVERWRITING)
  }
  for (const name of remove) {
    if (!ASCII.test(name)) return encodeByCodec(set, remove)
    changes += field(HEADERS_TO_REMOVE, name)
  }
  return ALLOWED + field(OK, changes)
}

/** A character that is not one byte would become another one. */
const ASCII = /^[\0-\x7f]*$/

const HEADERS_TO_REMOVE = 5
const OVERWRITE_IF_EXISTS_OR_ADD = 2

const ALLOWED = field(STATUS, numberField(1, 0))
/** Sets both fields: Envoy versions differ in which one they use if the other is unset. */
const OVERWRITING = field(2, numberField(1, 0)) + numberField(3, OVERWRITE_IF_EXISTS_OR_ADD)

const encodeByCodec = (set: readonly SetHeader[], remove: readonly string[]): string =>
  encodeCheckResponse({
    status: { code: 0 },
    ok_response: {
      headers: set.map(([key, value]) => ({
        header: { key, value },
        append: { value: false },
        append_action: OVERWRITE_IF_EXISTS_OR_ADD,
      })),
      headers_to_remove: remove,
    },
  }).toString('latin1')
