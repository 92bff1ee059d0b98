// Validators that several schemas share.

import { z } from 'zod'
import { isRecord } from '../common/json.ts'

// Problems and the reference show the description as the expected type.
export const nonEmptyText = (expected: string, pattern: RegExp) =>
  z.string().regex(pattern).describe(expected)

export const file = nonEmptyText('the path of a file', /^\P{Cc}+$/u)
export const word = (meaning: string) => nonEmptyText(meaning, /^[\x21-\x7e]+$/)
export const claim = nonEmptyText('the name of a claim', /^\P{Cc}+$/u)

/** A record that refuses the key `__proto__`, which z.record silently ignores. */
export const record = <Key extends z.ZodString, Value extends z.core.SomeType>(
  key: Key,
  value: Value,
) =>
  z.preprocess(
    (entries, context) => {
      if (isRecord(entries) && Object.hasOwn(entries, '__proto__')) {
        context.addIssue({ code: 'unrecognized_keys', keys: ['__proto__'], input: entries })
      }
      return entries
    },
    z.record(key, value),
  )

export const isUnique = (texts: readonly string[]): boolean => new Set(texts).size === texts.length

// A lower-case token of RFC 9110 section 5.6.2, except headers that Envoy owns or that frame a message.
const HEADER = /^(?!x-envoy-|grpc-)[a-z0-9!#$%&'*+.^_`|~-]+$/
const RESERVED = ['host', 'content-length', 'transfer-encoding', 'connection', 'cookie']

export const credentialHeader = z
  .string()
  .refine((name) => HEADER.test(name) && !RESERVED.includes(name))
  .describe('a header name in lower case that is not reserved')
