// Finds the place of a field in the text of a YAML file.

import {
  EVENT_ALIAS,
  EVENT_DOCUMENT,
  EVENT_MAPPING,
  EVENT_POP,
  EVENT_SCALAR,
  EVENT_SEQUENCE,
  type Event,
  getScalarValue,
  parseEvents,
} from 'js-yaml'

/** From 1. */
type Place = { readonly line: number; readonly column: number }

/** The places of a file, by document. */
export type Places = {
  /** The place of the longest known beginning of `path`, such as `spec.rules[0].from`, in a document. */
  readonly find: (document: number, path: readonly (string | number)[]) => Place
}

type Open = {
  readonly isList: boolean
  readonly path: string
  count: number
  key: string | undefined
}

/** Reads the places of a text that parses. */
export function placesIn(text: string): Places {
  const documents: Map<string, number>[] = []
  const open: Open[] = []
  const lines = lineStartsIn(text)
  const note = (path: string, at: number) => {
    const known = documents.at(-1)
    if (known !== undefined && !known.has(path)) known.set(path, at)
  }
  /** The path of the next node. */
  const next = (at: number): string => {
    const holder = open.at(-1)
    if (holder === undefined) {
      note('', at)
      return ''
    }
    const part = holder.isList ? holder.count : (holder.key ?? '')
    holder.count += 1
    holder.key = undefined
    const path = `${holder.path}/${part}`
    note(path, at)
    return path
  }
  const takeScalar = (event: Event & { readonly type: typeof EVENT_SCALAR }) => {
    const holder = open.at(-1)
    if (holder !== undefined && !holder.isList && holder.key === undefined) {
      holder.key = getScalarValue(text, event)
      note(`${holder.path}/${holder.key}`, event.valueStart)
    } else next(event.valueStart)
  }
  for (const event of eventsOf(text)) {
    if (event.type === EVENT_DOCUMENT) documents.push(new Map())
    if (event.type === EVENT_SCALAR) takeScalar(event)
    if (event.type === EVENT_ALIAS) next(event.anchorStart)
    if (event.type === EVENT_MAPPING || event.type === EVENT_SEQUENCE)
      open.push({
        isList: event.type === EVENT_SEQUENCE,
        path: next(event.start),
        count: 0,
        key: undefined,
      })
    if (event.type === EVENT_POP) open.pop()
  }
  return {
    find: (document, path) => {
      const known = documents[document]
      for (let length = path.length; length > 0; length -= 1) {
        const at = known?.get(`/${path.slice(0, length).join('/')}`)
        if (at !== undefined) return placeAt(lines, at)
      }
      return placeAt(lines, known?.get('') ?? 0)
    },
  }
}

function eventsOf(text: string): readonly Event[] {
  try {
    return parseEvents(text, {})
  } catch {
    return []
  }
}

const lineStartsIn = (text: string): readonly number[] => [
  0,
  ...Array.from(text.matchAll(/\r\n|\n|\r/g), ({ index, 0: end }) => index + end.length),
]

/** By bisection: a file may have many lines and many objects. */
function placeAt(starts: readonly number[], at: number): Place {
  let [line, end] = [0, starts.length]
  while (end - line > 1) {
    const middle = (line + end) >> 1
    if ((starts[middle] ?? 0) <= at) line = middle
    else end = middle
  }
  return { line: line + 1, column: at - (starts[line] ?? 0) + 1 }
}

const PATH = /^[A-Za-z][\w-]*(?:\.[A-Za-z][\w-]*|\[\d+\])*/
const METADATA = /\b(annotation|label) ([\w.-]+(?:\/[\w.-]+)?)/

/** The field that a problem is about; empty: the whole object. */
export function fieldIn(message: string): readonly (string | number)[] {
  const [, kind, key] = METADATA.exec(message) ?? []
  if (kind !== undefined && key !== undefined) return ['metadata', `${kind}s`, key]
  const [path = ''] = PATH.exec(message) ?? []
  if (!/[.[]/.test(path) && !UNKNOWN.test(message)) return []
  const [, unknown] = UNKNOWN.exec(message) ?? []
  const parts = path
    .split(/\.|\[|\]/)
    .filter((part) => part !== '')
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part))
  return unknown === undefined ? parts : [...parts, unknown]
}

const UNKNOWN = / has an unknown field "([^"]+)"/
