import { isRecord } from '../common/json.ts'

/** The fields of an object of JSON. Read through `valueAt`, which sees own properties only. */
export type Fields = Readonly<Record<string, unknown>>

/** Labels or annotations. A value that is not text is `undefined`: there, but not to be read. */
export type TextMap = ReadonlyMap<string, string | undefined>

/** A Kubernetes object of a known kind, with a name that Kubernetes would accept. */
export type KubernetesObject = {
  readonly kind: string
  /** Empty for a kind that has none. */
  readonly namespace: string
  readonly name: string
  readonly uid: string | undefined
  readonly labels: TextMap
  readonly annotations: TextMap
  readonly content: Fields
}

/** Which names a kind takes, and whether it lives in a namespace. */
export type ObjectShape = {
  readonly namespaced: boolean
  readonly isName: (name: string) => boolean
}

const DEFAULT_NAMESPACE = 'default'

/** The value at a path of own properties, `undefined` where there is none. */
export function valueAt(value: unknown, ...path: readonly string[]): unknown {
  let current = value
  for (const key of path) {
    if (!isRecord(current) || !Object.hasOwn(current, key)) return undefined
    current = current[key]
  }
  return current
}

/** The text at a path, `undefined` where there is none or something else. */
export function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = valueAt(value, ...path)
  return typeof found === 'string' ? found : undefined
}

/** The list at a path, empty where there is none or something else. */
export function listAt(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const found = valueAt(value, ...path)
  return Array.isArray(found) ? found : []
}

/** Of labels, and of annotations. */
export const MAX_TEXTS = 1_024

/** Absent and `null` are an empty map; `undefined`: it is no map, or has too many entries. */
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

/** Whether a value has more fields and elements than this, at any depth. Looks at no more of them. */
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

/** Reads name, namespace, labels and annotations; a sentence where the API server would refuse them. */
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

/** The namespace that it is in; `undefined`: no valid name of one. */
export function namespaceIn(content: Fields): string | undefined {
  const namespace = valueAt(content, 'metadata', 'namespace') || DEFAULT_NAMESPACE
  return typeof namespace === 'string' && isNamespaceName(namespace) ? namespace : undefined
}

/** As in messages, e.g. `Secret team/reader`, `ClusterRole view`. */
export const displayNameOf = ({ kind, namespace, name }: KubernetesObject): string =>
  namespace === '' ? `${kind} ${name}` : `${kind} ${namespace}/${name}`

/** DNS-1123 subdomain, as most objects are named. */
export const isSubdomainName = (name: string): boolean =>
  name.length <= 253 && name.split('.').every((label) => LABEL.test(label))

/** DNS-1123 label. */
const isNamespaceName = (name: string): boolean => name.length <= 63 && LABEL.test(name)

/** What can be one segment of a path, as RBAC objects are named: `system:node` is a good name. */
export const isSegmentName = (name: string): boolean =>
  name !== '' && name !== '.' && name !== '..' && !/[/%]/.test(name)

const LABEL = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/

const LONGEST_QUOTE = 64

/** A value fit for a message: printable ASCII, at most 64 characters. */
export const printable = (value: string): string => onOneLine(value.slice(0, LONGEST_QUOTE))

/** Longer than kind, namespace and name of any object but those of RBAC, whose names have no bound. */
const LONGEST_LABEL = 400

/** The name of an object fit for a message: RBAC's may hold line ends and the controls of terminals. */
export const printableName = (label: string): string => onOneLine(label.slice(0, LONGEST_LABEL))

const onOneLine = (text: string): string => text.replaceAll(/[^\x20-\x7e]/g, '?')
