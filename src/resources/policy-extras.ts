// Reads the exclusions and headers of AccessPolicies.

import { MODEL_HEADER } from '../access/directory.ts'
import type { Exclusion } from '../access/exclusions.ts'
import { isRecord } from '../common/json.ts'
import { isCanonicalPath } from '../common/path.ts'
import { fieldsOf, listOf, PolicyFault, textOf } from './policy-values.ts'
import type { Raise } from './problem.ts'
import type { ReadSettings } from './read-settings.ts'

const EXCLUSIONS = 'spec.exclusions'

/** Exact paths with GET and HEAD for everybody. Throws a PolicyFault. */
export function readPolicyExclusions(
  value: unknown,
  { ownersMay }: Pick<ReadSettings, 'ownersMay'>,
  raise: Raise,
): readonly Exclusion[] {
  const exclusions = listOf(EXCLUSIONS, value).map((entry, index) => {
    const place = `${EXCLUSIONS}[${index}]`
    const { path, methods = ['GET', 'HEAD'] } = fieldsOf(place, entry, ['path', 'methods'])
    const exact = textOf(`${place}.path`, path)
    if (!isCanonicalPath(exact) || exact.includes('*')) {
      throw new PolicyFault(`${place}.path`, 'is not a canonical path')
    }
    return { path: exact, methods: listOf(`${place}.methods`, methods).map(readMethod(place)) }
  })
  if (exclusions.length > 0 && !ownersMay.exclusions) {
    raise('ExclusionsNotAllowed', `${EXCLUSIONS} have no effect in this installation`)
  }
  return ownersMay.exclusions ? exclusions : []
}

const readMethod =
  (place: string) =>
  (method: unknown): 'GET' | 'HEAD' => {
    if (method === 'GET' || method === 'HEAD') return method
    throw new PolicyFault(`${place}.methods`, 'has a method other than GET and HEAD')
  }

const HEADERS = 'spec.headers'
// A lower-case token of RFC 9110 section 5.6.2, without underscores: some proxies turn `x_key` into `x-key`.
const HEADER = /^[a-z0-9!#$%&'*+.^`|~-]{1,256}$/
/** Headers that Envoy owns, frame a message or select the model; the CRD has the same list. */
export const RESERVED_PREFIXES = ['grpc-', 'x-auth-request-', 'x-envoy-', 'x-forwarded-'] as const
export const RESERVED_HEADERS: readonly string[] = [
  'authorization',
  'connection',
  'content-length',
  'cookie',
  'host',
  'keep-alive',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-request-id',
  MODEL_HEADER,
]

/** Headers for the model, each from a claim: `{kubeflow-userid: {claim: email}}`. Throws a PolicyFault. */
export function readPolicyHeaders(
  value: unknown,
  { ownHeaders, ingress }: Pick<ReadSettings, 'ownHeaders' | 'ingress'>,
): Readonly<Record<string, string>> {
  if (!isRecord(value)) throw new PolicyFault(HEADERS, 'is not an object')
  const taken = new Set([
    ...RESERVED_HEADERS,
    ...ownHeaders.map((name) => name.replaceAll('_', '-')),
    ...(ingress?.modelHeader === undefined ? [] : [ingress.modelHeader]),
  ])
  return Object.fromEntries(
    Object.entries(value).map(([name, source]) => {
      const owned = RESERVED_PREFIXES.some((prefix) => name.startsWith(prefix))
      if (!HEADER.test(name) || owned || taken.has(name)) {
        throw new PolicyFault(HEADERS, 'has a header name that is not allowed')
      }
      const { claim } = fieldsOf(`${HEADERS}.${name}`, source, ['claim'])
      return [name, textOf(`${HEADERS}.${name}.claim`, claim)]
    }),
  )
}
