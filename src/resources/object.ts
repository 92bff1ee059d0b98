// Reads fields of untrusted objects, and their metadata.

import { isRecord } from '../common/json.ts'

/** A JSON object. Read it with `valueAt`, which sees own properties only. */
export type Fields = Readonly<Record<string, unknown>>

/** Labels or annotations. `undefined`: the value is present but not text. */
export type TextMap = ReadonlyMap<string, string | undefined>

/** A Kubernetes object of a known kind, with a valid name. */
export type KubernetesObject = {
  readonly kind: string
  /** Empty for a cluster-scoped kind. */
  readonly namespace: string
  readonly name: string
  readonly uid: string | undefined
  readonly labels: TextMap
  readonly annotations: TextMap
  readonly content: Fields
}

/** The valid names of a kind, and whether it is namespaced. */
export type ObjectShape = {
  readonly namespaced: boolean
  readonly isName: (name: string) => boolean
}

const DEFAULT_NAMESPACE = 'default'

/** The value at a path of own properties; `undefined`: none. */
export function valueAt(value: unknown, ...path: readonly string[]): unknown {
  let current = value
  for (const key of path) {
    if (!isRecord(current) || !Object.hasOwn(current, key)) return undefined
    current = current[key]
  }
  return current
}

/** The text at a path; `undefined`: none, or not text. */
export function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = valueAt(value, ...path)
  return typeof found === 'string' ? found : undefined
}

/** The list at a path; empty: none, or not a list. */
export function listAt(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const found = valueAt(value, ...path)
  return Array.isArray(found) ? found : []
}

/** Most labels, and most annotations. */
export const MAX_TEXTS = 1_024

/** Absent and `null` give an empty map; `undefined`: not a map, or too many entries. */
export function textMapAt(value: unknown, ...path: readonly string[]): TextMap | undefined {
  const found = valueAt(value, ...path) ?? {}
  if (!isRecord(found) || hasMoreThan(MAX_TEXTS, found)) return undefined
  return new Map(
    Object.entries(found).map(([key, entry]) => [
      key,
      typeof entry === 'string' ? entry : undefined,
    ]),
  )
}

/** Whether a value has more fields and elements than `max`, at any depth. Stops there. */
export function hasMoreThan(max: number, value: unknown): boolean {
  const open: unknown[] = [value]
  let count = 0
  for (let next = open.pop(); open.length > 0 || next !== undefined; next = open.pop()) {
    if (typeof next !== 'object' || next === null) continue
    const entries: readonly unknown[] = Array.isArray(next) ? next : Object.values(next)
    count += entries.length
    if (count > max) return true
    for (const entry of entries) open.push(entry)
  }
  return false
}

/** Reads name, namespace, labels and annotations; a sentence: why the API server would refuse the object. */
export function readObject(
  kind: string,
  content: Fields,
  { namespaced, isName }: ObjectShape,
): KubernetesObject | string {
  const name = textAt(content, 'metadata', 'name')
  if (name === undefined || !isName(name)) return 'its metadata.name is not valid'
  const namespace = namespaced ? namespaceIn(content) : ''
  if (namespace === undefined) return 'its metadata.namespace is not valid'
  const labels = textMapAt(content, 'metadata', 'labels')
  if (labels === undefined) return `its metadata.labels are not a map${OR_TOO_MANY}`
  const annotations = textMapAt(content, 'metadata', 'annotations')
  if (annotations === undefined) return `its metadata.annotations are not a map${OR_TOO_MANY}`
  const uid = textAt(content, 'metadata', 'uid')
  return { kind, namespace, name, uid, labels, annotations, content }
}

const OR_TOO_MANY = `, or have more than ${MAX_TEXTS} entries`

/** The object's namespace; `undefined`: not a valid name. */
export function namespaceIn(content: Fields): string | undefined {
  const namespace = valueAt(content, 'metadata', 'namespace') || DEFAULT_NAMESPACE
  return typeof namespace === 'string' && isNamespaceName(namespace) ? namespace : undefined
}

/** The object in messages, e.g. `Secret team/reader`, `ClusterRole view`. */
export const displayNameOf = ({
  kind,
  namespace,
  name,
}: Pick<KubernetesObject, 'kind' | 'namespace' | 'name'>): string =>
  namespace === '' ? `${kind} ${name}` : `${kind} ${namespace}/${name}`

/** A DNS-1123 subdomain, the form of most names. */
export const isSubdomainName = (name: string): boolean =>
  name.length <= 253 && name.split('.').every((label) => LABEL.test(label))

/** A DNS-1123 label. */
export const isNamespaceName = (name: string): boolean => name.length <= 63 && LABEL.test(name)

/** A path segment, the form of RBAC names: `system:node` is valid. */
export const isSegmentName = (name: string): boolean =>
  name !== '' && name !== '.' && name !== '..' && !/[/%]/.test(name)

const LABEL = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/

const LONGEST_QUOTE = 64

/** A value for a message: printable ASCII, at most 64 characters. */
export const printable = (value: string): string => onOneLine(value.slice(0, LONGEST_QUOTE))

/** Longer than the names of all objects except those of RBAC, which are unbounded. */
const LONGEST_LABEL = 400

/** An object's name for a message: RBAC names may contain line breaks and terminal controls. */
export const printableName = (label: string): string => onOneLine(label.slice(0, LONGEST_LABEL))

const onOneLine = (text: string): string => text.replaceAll(/[^\x20-\x7e]/g, '?')
