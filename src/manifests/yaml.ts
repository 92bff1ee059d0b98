// Parses YAML, without quoting it in faults.

import { CORE_SCHEMA, loadAll, mergeTag, YAMLException } from 'js-yaml'
import { isRecord } from '../common/json.ts'
import { textAt, valueAt } from '../resources/object.ts'

/** Why a file does not parse. Never quotes the file, which may contain keys. */
export type Fault = {
  readonly reason: string
  /** From 1, like `column`; `undefined`: the fault concerns the whole file. */
  readonly line?: number
  readonly column?: number
}

/** The text of a document, and its position in the file. */
export type DocumentText = { readonly text: string; readonly line: number; readonly column: number }

/** The types of values in manifests. */
export const MANIFEST_SCHEMA = CORE_SCHEMA.withTags(mergeTag)

/** The objects of a document. */
export function parseDocument({ text, line, column }: DocumentText): readonly unknown[] | Fault {
  try {
    return loadAll(text, { schema: MANIFEST_SCHEMA, maxAliases: 0 }).flatMap(objectsIn)
  } catch (error) {
    if (!(error instanceof YAMLException)) return { reason: 'it cannot be parsed', line, column }
    const { reason, mark } = error
    if (mark === undefined) return { reason: unquoted(reason), line, column }
    const offset = mark.line === 0 ? column : 1
    return { reason: unquoted(reason), line: line + mark.line, column: offset + mark.column }
  }
}

/** Removes quotes of the text: names of tags, anchors and handles. */
const unquoted = (reason: string) => (/^(?:[^"<:]|:(?! ))*/.exec(reason)?.[0] ?? '').trim()

/** The items of a List, or of any kind that ends in List; items inherit kind and apiVersion. */
function objectsIn(document: unknown): readonly unknown[] {
  if (document === null || document === undefined) return []
  const kind = textAt(document, 'kind')
  const items = valueAt(document, 'items')
  if (!kind?.endsWith(LIST) || !Array.isArray(items)) return [document]
  if (kind === LIST) return items.flatMap(objectsIn)
  const inherited = {
    kind: kind.slice(0, -LIST.length),
    apiVersion: textAt(document, 'apiVersion'),
  }
  return items.flatMap((item) => objectsIn(isRecord(item) ? { ...inherited, ...item } : item))
}

const LIST = 'List'
