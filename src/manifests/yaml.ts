import { CORE_SCHEMA, loadAll, mergeTag, YAMLException } from 'js-yaml'
import { isRecord } from '../common/json.ts'
import { textAt, valueAt } from '../resources/object.ts'

/** Why a file does not parse. Never quotes the file: it may hold keys. */
export type Fault = {
  readonly reason: string
  /** From 1, as is `column`; `undefined` where the whole file is at fault. */
  readonly line?: number
  readonly column?: number
}

/** The text of a document, and where in its file it begins. */
export type DocumentText = { readonly text: string; readonly line: number; readonly column: number }

const SCHEMA = CORE_SCHEMA.withTags(mergeTag)

/** The objects of a document. */
export function parseDocument({ text, line, column }: DocumentText): readonly unknown[] | Fault {
  try {
    return loadAll(text, { schema: SCHEMA, maxAliases: 0 }).flatMap(objectsIn)
  } catch (error) {
    if (!(error instanceof YAMLException)) return { reason: 'it cannot be parsed', line, column }
    const { reason, mark } = error
    if (mark === undefined) return { reason: unquoted(reason), line, column }
    const offset = mark.line === 0 ? column : 1
    return { reason: unquoted(reason), line: line + mark.line, column: offset + mark.column }
  }
}

/** Names of tags, anchors and handles come from the text. */
const unquoted = (reason: string) => (/^(?:[^"<:]|:(?! ))*/.exec(reason)?.[0] ?? '').trim()

/** The items of a List, of any kind that ends so; they may leave out what the list says. */
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
