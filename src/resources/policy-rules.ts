import { isCanonicalPath } from '../access/path.ts'
import type { Rule, RuleOperation, RuleSource } from '../access/rule.ts'
import { isFields } from './object.ts'
import { absentOr, fieldsOf, labelMap, listOf, PolicyFault, textsOf } from './policy-values.ts'

/** Reads a list of rules. Throws a PolicyFault. */
export const readRules = (place: string, value: unknown): readonly Rule[] =>
  listOf(place, value).map((entry, index) => {
    const at = `${place}[${index}]`
    const { from, to } = fieldsOf(at, entry, ['from', 'to'])
    return {
      from: absentOr(from, () => readEach(`${at}.from`, from, readSource)),
      to: absentOr(to, () => readEach(`${at}.to`, to, readOperation)),
    }
  })

const readEach = <T>(
  place: string,
  value: unknown,
  read: (place: string, value: unknown) => T,
): readonly T[] => listOf(place, value).map((entry, index) => read(`${place}[${index}]`, entry))

const SOURCE = ['serviceAccounts', 'users', 'groups', 'principals', 'apiKeys', 'claims']

// What could never match, in a rule that denies above all, is a mistake.
const SERVICE_ACCOUNT = /^[a-z0-9-]{1,63}\/[a-z0-9.-]{1,253}$/
const PRINCIPAL = /^[a-z0-9._-]{1,255}\/ns\/[a-z0-9-]{1,63}\/sa\/[a-z0-9.-]{1,253}$/
const ANY = /^/
const FORM = 'holds what has not the form of one'

function readSource(place: string, value: unknown): RuleSource {
  const parts = fieldsOf(place, value, SOURCE)
  const { serviceAccounts, users, groups, principals, apiKeys, claims } = parts
  const texts = (name: string, list: unknown, form = ANY) => {
    const found = textsOf(`${place}.${name}`, list)
    if (!found.every((text) => form.test(text))) throw new PolicyFault(`${place}.${name}`, FORM)
    return found
  }
  return {
    ...(serviceAccounts === undefined
      ? {}
      : { serviceAccounts: texts('serviceAccounts', serviceAccounts, SERVICE_ACCOUNT) }),
    ...(users === undefined ? {} : { users: texts('users', users) }),
    ...(groups === undefined ? {} : { groups: texts('groups', groups) }),
    ...(principals === undefined ? {} : { principals: texts('principals', principals, PRINCIPAL) }),
    ...(apiKeys === undefined ? {} : { apiKeys: readLabels(`${place}.apiKeys`, apiKeys) }),
    ...(claims === undefined ? {} : { claims: readClaims(`${place}.claims`, claims) }),
  }
}

function readLabels(place: string, value: unknown): ReadonlyMap<string, string> {
  const { matchLabels = {} } = fieldsOf(place, value, ['matchLabels'])
  return labelMap(`${place}.matchLabels`, matchLabels)
}

function readClaims(place: string, value: unknown): ReadonlyMap<string, readonly string[]> {
  if (!isFields(value)) throw new PolicyFault(place, 'is no object')
  return new Map(Object.entries(value).map(([name, texts]) => [name, textsOf(`${place}.*`, texts)]))
}

const METHOD = /^[A-Z][A-Z-]{0,31}$/

function readOperation(place: string, value: unknown): RuleOperation {
  const { methods, paths } = fieldsOf(place, value, ['methods', 'paths'])
  return {
    ...(methods === undefined ? {} : { methods: readMethods(`${place}.methods`, methods) }),
    ...(paths === undefined ? {} : { paths: readPaths(`${place}.paths`, paths) }),
  }
}

function readMethods(place: string, value: unknown): readonly string[] {
  const methods = textsOf(place, value)
  if (!methods.every((method) => METHOD.test(method))) {
    throw new PolicyFault(place, 'holds what is no HTTP method in capitals')
  }
  return methods
}

/** No other wildcard than `/*` at the end. */
function readPaths(place: string, value: unknown): readonly string[] {
  const paths = textsOf(place, value)
  for (const path of paths) {
    const plain = path.endsWith('/*') ? path.slice(0, -1) : path
    if (!isCanonicalPath(plain) || plain.includes('*')) {
      throw new PolicyFault(place, 'holds what is no canonical path, nor one with /* at its end')
    }
  }
  return paths
}
