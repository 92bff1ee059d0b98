// Describes problems of the configuration, without quoting secrets.

import { z } from 'zod'
import { isRecord } from '../common/json.ts'
import { hint, RENAMED } from './renamed.ts'
import type { Setting } from './settings.ts'
import { bareOf, MAX_QUOTED, nameOf, schemaAt, settingAt, shapeOf, typeOf } from './shape.ts'

type Schema = z.core.$ZodType

/** The problems of a setting under the schema of its key; empty: none. */
export function configProblemsOf(
  { source, path, value }: Setting,
  schema: Schema,
): readonly string[] {
  const { error } = z.safeParse(schema, value)
  const problems = (error?.issues ?? []).flatMap((issue) =>
    describe(issue, { schema, path, value }).map(([place, problem]) =>
      [source, nameOf([...path, ...place]), problem].filter((part) => part !== '').join(': '),
    ),
  )
  return [...new Set(problems)]
}

type Problem = readonly [place: readonly PropertyKey[], problem: string]

type Given = Pick<Setting, 'path' | 'value'> & { readonly schema: Schema }

function describe(issue: z.core.$ZodIssue, given: Given): readonly Problem[] {
  const { schema, value } = given
  const { path } = issue
  const at = schemaAt(schema, path) ?? schema
  if (issue.code === 'unrecognized_keys') {
    const known = Object.keys(shapeOf(at))
    return issue.keys.map((key) => {
      const renamed = RENAMED.get(nameOf([...given.path, ...path, key]))
      return [[...path, key], `unknown key${hint(key, known, renamed)}`]
    })
  }
  if (issue.code === 'invalid_key') {
    const holder = bareOf(schemaAt(schema, path.slice(0, -1)) ?? schema)
    const expected = holder instanceof z.ZodRecord ? typeOf(holder.def.keyType) : 'another'
    return [[path, `not a valid key: expected ${expected}`]]
  }
  const found = settingAt(value, path)
  return [
    [
      path,
      found === undefined
        ? `required: ${typeOf(at)}`
        : `expected ${typeOf(at)}${but(found)}${inOtherCase(found, at)}`,
    ],
  ]
}

/** A hint with the enum value that differs only in case. */
function inOtherCase(found: unknown, schema: Schema): string {
  if (typeof found !== 'string') return ''
  const bare = bareOf(schema)
  const options = bare instanceof z.ZodEnum ? bare.options.map(String) : []
  const right = options.find((option) => option.toLowerCase() === found.toLowerCase())
  return right === undefined ? '' : `; did you mean \`${right}\`?`
}

function but(found: unknown): string {
  if (Array.isArray(found)) return `, not ${found.length === 0 ? 'an empty' : 'a'} list`
  if (isRecord(found)) return `, not an ${Object.keys(found).length === 0 ? 'empty ' : ''}object`
  const text = String(found)
  if (text.length > MAX_QUOTED) return ''
  return `, not ${typeof found === 'string' ? quoted(found) : text}`
}

/** JSON does not escape some control characters, which a terminal would interpret. */
const quoted = (text: string): string =>
  JSON.stringify(text).replaceAll(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
