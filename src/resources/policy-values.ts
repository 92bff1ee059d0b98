// Reads values of AccessPolicies, with faults that name the place.

import { isRecord } from '../common/json.ts'
import { type Fields, printable } from './object.ts'

/** A place in a policy that cannot be read, and why. Never quotes the value, only the name of a field. */
export class PolicyFault extends Error {
  override readonly name = 'PolicyFault'

  constructor(place: string, why: string) {
    super(`${place} ${why}`)
  }
}

/** `undefined` if absent; null is not readable. */
export const absentOr = <T>(value: unknown, read: () => T): T | undefined =>
  value === undefined ? undefined : read()

/** An object with known fields only. */
export function fieldsOf(place: string, value: unknown, known: readonly string[]): Fields {
  if (!isRecord(value)) throw new PolicyFault(place, 'is not an object')
  for (const field of Object.keys(value)) {
    if (!known.includes(field)) {
      const fields = known.length === 0 ? 'it may have none' : `it may have ${known.join(', ')}`
      throw new PolicyFault(place, `has an unknown field "${printable(field)}": ${fields}`)
    }
  }
  return value
}

export const MAX_LIST_ENTRIES = 1_024

export function listOf(place: string, value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new PolicyFault(place, 'is not a list')
  if (value.length > MAX_LIST_ENTRIES) throw new PolicyFault(place, 'has too many entries')
  return value
}

export const MAX_TEXT = 1_024

export function textOf(place: string, value: unknown): string {
  if (typeof value !== 'string' || value === '')
    throw new PolicyFault(place, 'is not text, or is empty')
  if (value.length > MAX_TEXT) throw new PolicyFault(place, 'is too long')
  return value
}

/** Builds the place only for an entry that cannot be read. */
export function textsOf(place: string, value: unknown): readonly string[] {
  const list = listOf(place, value)
  const texts = list.filter(isText)
  if (texts.length === list.length) return texts
  const index = list.findIndex((entry) => !isText(entry))
  return [textOf(`${place}[${index}]`, list[index])]
}

const isText = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && value.length <= MAX_TEXT

// A value that no Secret can have would never match.
const LABEL = /^(?:[A-Za-z0-9](?:[\w.-]{0,61}[A-Za-z0-9])?)?$/

/** Labels with their values. */
export function labelMap(place: string, value: unknown): ReadonlyMap<string, string> {
  if (!isRecord(value)) throw new PolicyFault(place, 'is not an object')
  return new Map(
    Object.entries(value).map(([name, entry]) => {
      if (typeof entry !== 'string' || !LABEL.test(entry)) {
        throw new PolicyFault(place, 'has an entry that is not a label value')
      }
      return [name, entry]
    }),
  )
}
