// Reads the annotations of an API key's Secret.

import type { ApiKey, KeyScope } from '../access/api-key.ts'
import { SERVICE_KINDS } from '../access/service.ts'
import { isSubdomainName, type KubernetesObject, printable } from './object.ts'
import { readTimestamp } from './timestamp.ts'

const PREFIX = 'kserve-authz.io/'
const SERVICES = `${PREFIX}services`
const EXPIRES_AT = `${PREFIX}expires-at`
const USER = `${PREFIX}user`
const GROUPS = `${PREFIX}groups`
const KNOWN: ReadonlySet<string> = new Set([SERVICES, EXPIRES_AT, USER, GROUPS])

/** Longest annotation, in characters. */
export const MAX_ANNOTATION_LENGTH = 16_384

/** Names reserved for Kubernetes. */
const RESERVED = /^system:/i

/** Reads the annotations of a key; a sentence: why the key is refused. */
export function readAnnotations({
  namespace,
  name,
  annotations,
}: KubernetesObject): Pick<ApiKey, 'services' | 'expiresAt' | 'user' | 'groups'> | string {
  for (const [annotation, value] of annotations) {
    if (!annotation.startsWith(PREFIX)) continue
    if (!KNOWN.has(annotation)) return `annotation ${printable(annotation)} is unknown`
    if (value === undefined) return `annotation ${annotation} is not text (quote it)`
    if (value.length > MAX_ANNOTATION_LENGTH)
      return `annotation ${annotation} is longer than ${MAX_ANNOTATION_LENGTH} characters`
  }
  const services = readServices(annotations.get(SERVICES))
  if (services === 'unreadable') return `${SERVICES} is not a list of names or kind/name`
  const expiry = annotations.get(EXPIRES_AT)
  const expiresAt = expiry === undefined ? undefined : readTimestamp(expiry)
  if (expiry !== undefined && expiresAt === undefined)
    return `${EXPIRES_AT} is not an RFC 3339 time with a time zone`
  const user = (annotations.get(USER) ?? `apikey:${namespace}/${name}`).trim()
  if (user === '') return `${USER} is empty`
  const groups = annotations.has(GROUPS) ? entriesOf(annotations.get(GROUPS) ?? '') : []
  if (groups.includes('')) return `${GROUPS} has an empty entry`
  if ([user, ...groups].some((subject) => RESERVED.test(subject)))
    return 'users and groups of a key cannot begin with "system:"'
  return { services, expiresAt, user, groups }
}

const entriesOf = (list: string) => list.split(',').map((entry) => entry.trim())

function readServices(list: string | undefined): readonly KeyScope[] | 'unreadable' | undefined {
  if (list === undefined) return undefined
  const scopes = entriesOf(list).map(readScope)
  const readable = scopes.filter((scope) => scope !== undefined)
  return readable.length === scopes.length ? readable : 'unreadable'
}

/** `name` or `kind/name`. */
function readScope(entry: string): KeyScope | undefined {
  const slash = entry.indexOf('/')
  const name = entry.slice(slash + 1)
  if (!isSubdomainName(name)) return undefined
  if (slash < 0) return { kind: undefined, name }
  const kind = SERVICE_KINDS.find((known) => known === entry.slice(0, slash))
  return kind && { kind, name }
}
