// Reads the rules of AccessPolicies.

import type { Rule } from '../access/rule.ts'
import type { RuleOperationParts, RuleSourceParts } from '../access/rule-parts.ts'
import { isRecord } from '../common/json.ts'
import { isCanonicalPath } from '../common/path.ts'
import {
  absentOr,
  fieldsOf,
  labelMap,
  listOf,
  MAX_TEXT,
  PolicyFault,
  textsOf,
} from './policy-values.ts'

/** Reads a list of rules. Throws a PolicyFault. */
export const readRules = (place: string, value: unknown): readonly Rule[] =>
  listOf(place, value).map((entry, index) => {
    const at = `${place}[${index}]`
    const { from, to } = fieldsOf(at, entry, ['from', 'to'])
    return {
      from: absentOr(from, () =>
        readEach(`${at}.from`, from, (...entry) => readParts(SOURCE, ...entry)),
      ),
      to: absentOr(to, () =>
        readEach(`${at}.to`, to, (...entry) => readParts(OPERATION, ...entry)),
      ),
    }
  })

const readEach = <T>(
  place: string,
  value: unknown,
  read: (place: string, value: unknown) => T,
): readonly T[] => listOf(place, value).map((entry, index) => read(`${place}[${index}]`, entry))

/** Reads each part. A part without an entry does not compile. */
type Readers<Parts> = { readonly [K in keyof Parts]: (place: string, value: unknown) => Parts[K] }

// A text that can never match is a mistake, above all in a deny rule.
const SERVICE_ACCOUNT = /^[a-z0-9-]{1,63}\/[a-z0-9.-]{1,253}$/
const PRINCIPAL = /^[a-z0-9._-]{1,255}\/ns\/[a-z0-9-]{1,63}\/sa\/[a-z0-9.-]{1,253}$/

const SOURCE: Readers<RuleSourceParts> = {
  serviceAccounts: textsLike(SERVICE_ACCOUNT),
  users: textsOf,
  groups: textsOf,
  principals: textsLike(PRINCIPAL),
  apiKeys: readLabels,
  claims: readClaims,
}

const OPERATION: Readers<RuleOperationParts> = { methods: readMethods, paths: readPaths }

/** Reads an entry of `from` or `to`. */
function readParts<Parts>(readers: Readers<Parts>, place: string, value: unknown): Partial<Parts> {
  const fields = fieldsOf(place, value, Object.keys(readers))
  const parts: Partial<Parts> = {}
  for (const name in readers) {
    const part = fields[name]
    if (part !== undefined) parts[name] = readers[name](`${place}.${name}`, part)
  }
  return parts
}

function textsLike(form: RegExp) {
  return (place: string, value: unknown): readonly string[] => {
    const texts = textsOf(place, value)
    if (texts.every((text) => form.test(text))) return texts
    throw new PolicyFault(place, 'has an entry of the wrong form')
  }
}

function readLabels(place: string, value: unknown): ReadonlyMap<string, string> {
  const { matchLabels = {} } = fieldsOf(place, value, ['matchLabels'])
  return labelMap(`${place}.matchLabels`, matchLabels)
}

function readClaims(place: string, value: unknown): ReadonlyMap<string, readonly string[]> {
  if (!isRecord(value)) throw new PolicyFault(place, 'is not an object')
  if (Object.keys(value).some(({ length }) => length > MAX_TEXT)) {
    throw new PolicyFault(place, 'has a name that is too long')
  }
  return new Map(Object.entries(value).map(([name, texts]) => [name, textsOf(`${place}.*`, texts)]))
}

const METHOD = /^[A-Z][A-Z-]{0,31}$/

function readMethods(place: string, value: unknown): readonly string[] {
  const methods = textsOf(place, value)
  if (!methods.every((method) => METHOD.test(method))) {
    throw new PolicyFault(place, 'has an entry that is not an HTTP method in capitals')
  }
  return methods
}

/** A `*` that is a whole segment. */
const WILDCARD = /\/\*(?=\/|$)/g

function readPaths(place: string, value: unknown): readonly string[] {
  const paths = textsOf(place, value)
  for (const path of paths) {
    const plain = path.replaceAll(WILDCARD, '/a')
    if (!isCanonicalPath(plain) || plain.includes('*')) {
      throw new PolicyFault(
        place,
        'has an entry that is not a canonical path, with * only for a whole segment',
      )
    }
  }
  return paths
}
