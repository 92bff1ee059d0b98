// Reads KServe's templates of hosts and paths.

import type { KubernetesObject, TextMap } from './object.ts'

/** The values for a template of KServe. */
type TemplateValues = Pick<KubernetesObject, 'name' | 'namespace'> & {
  readonly domain: string
  readonly labels: Pick<TextMap, 'get'>
  readonly annotations: Pick<TextMap, 'get'>
}

/** Fills in the values; `undefined`: one is missing. */
export type Template = (values: TemplateValues) => string | undefined

type Part = (values: TemplateValues) => string | undefined

export const MAX_TEMPLATE_LENGTH = 1_024
const ACTION = /\{\{(-\s)?\s*(.*?)\s*(\s-)?\}\}/
const MAP_FIELD = /^\.(Labels|Annotations)\.(\w+)$|^index\s+\.(Labels|Annotations)\s+"([^"\\]+)"$/

/** Reads a Go template that only inserts fields, as in KServe's documentation; `undefined`: it has anything else. */
export function readTemplate(text: string): Template | undefined {
  if (text.length > MAX_TEMPLATE_LENGTH) return undefined
  const parts: (Part | undefined)[] = []
  let rest = text
  for (let found = ACTION.exec(rest); found !== null; found = ACTION.exec(rest)) {
    const [whole, trimsBefore, field = '', trimsAfter] = found
    const before = rest.slice(0, found.index)
    parts.push(literal(trimsBefore === undefined ? before : before.trimEnd()), readField(field))
    const after = rest.slice(found.index + whole.length)
    rest = trimsAfter === undefined ? after : after.trimStart()
  }
  if (rest.includes('{{') || parts.includes(undefined)) return undefined
  const all = [...parts.filter((part) => part !== undefined), literal(rest)]
  return (values) => {
    const texts = all.map((part) => part(values))
    return texts.includes(undefined) ? undefined : texts.join('')
  }
}

const literal =
  (text: string): Part =>
  () =>
    text

function readField(field: string): Part | undefined {
  switch (field) {
    case '.Name':
      return ({ name }) => name
    case '.Namespace':
      return ({ namespace }) => namespace
    case '.IngressDomain':
      return ({ domain }) => domain
    default:
      return readMapField(field)
  }
}

function readMapField(field: string): Part | undefined {
  const found = MAP_FIELD.exec(field)
  const map = found?.[1] ?? found?.[3]
  const key = found?.[2] ?? found?.[4]
  if (map === undefined || key === undefined) return undefined
  return map === 'Labels'
    ? ({ labels }) => labels.get(key)
    : ({ annotations }) => annotations.get(key)
}
