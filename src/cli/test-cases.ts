// Reads the cases of the command `test`.

import { loadAll } from 'js-yaml'
import { DENY_REASONS } from '../access/decision.ts'
import { isRecord } from '../common/json.ts'
import { didYouMean } from '../config/did-you-mean.ts'

/** A request and the expected answer. */
export type TestCase = {
  readonly name: string
  readonly request: CaseRequest
  readonly expect: CaseAnswer
}

type CaseRequest = {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly position?: 'workload' | 'gateway'
  readonly destination?: string
  readonly source?: string
  readonly principal?: string
  readonly as?: string
  readonly asGroups: readonly string[]
  readonly asKey?: string
}

/** A field that is absent is not compared. */
type CaseAnswer = {
  readonly decision: 'allow' | 'deny'
  readonly reason?: string
  readonly target?: string
  /** The headers that the answer sets. */
  readonly set: Readonly<Record<string, string>>
  readonly remove: readonly string[]
}

type CasesReading = {
  readonly cases: readonly TestCase[]
  readonly problems: readonly string[]
}

/** Reads a file of cases. Each problem names its place. */
export function readCases(text: string): CasesReading {
  const problems: string[] = []
  const documents = parsed(text)
  if (documents === undefined) return { cases: [], problems: ['not YAML'] }
  const cases = documents.flatMap((document) => {
    const list = fieldsOf(document, '', ['cases'], problems)?.cases
    if (Array.isArray(list))
      return list.flatMap((each, index) => readCase(each, `cases[${index}]`, problems) ?? [])
    problems.push('cases: expected a list')
    return []
  })
  return { cases, problems }
}

function parsed(text: string): readonly unknown[] | undefined {
  try {
    return loadAll(text, { maxAliases: 0 })
  } catch {
    return undefined
  }
}

const REQUEST = [
  'method',
  'url',
  'headers',
  'position',
  'destination',
  'source',
  'principal',
  'as',
  'asGroups',
  'asKey',
]

function readCase(value: unknown, place: string, problems: string[]): TestCase | undefined {
  const before = problems.length
  const fields = fieldsOf(value, place, ['name', 'request', 'expect'], problems) ?? {}
  const made: TestCase = {
    name: textOf(fields, place, 'name', problems) ?? place,
    request: readRequest(fields.request, `${place}.request`, problems),
    expect: readAnswer(fields.expect, `${place}.expect`, problems),
  }
  return problems.length === before ? made : undefined
}

function readRequest(value: unknown, place: string, problems: string[]): CaseRequest {
  const fields = fieldsOf(value, place, REQUEST, problems) ?? {}
  const text = (name: string) => textOf(fields, place, name, problems)
  const [method, url] = ['method', 'url'].map(text)
  const position = POSITIONS.find((each) => each === fields.position)
  const [destination, source, principal] = ['destination', 'source', 'principal'].map(text)
  const [as, asKey] = ['as', 'asKey'].map(text)
  if (method === undefined || url === undefined) problems.push(`${place}: needs method and url`)
  if (fields.position !== undefined && position === undefined)
    problems.push(`${place}.position: expected workload or gateway`)
  return {
    method: method ?? '',
    url: url ?? '',
    headers: textsOf(fields.headers, `${place}.headers`, problems),
    asGroups: listOf(fields.asGroups, `${place}.asGroups`, problems),
    ...(position === undefined ? {} : { position }),
    ...(destination === undefined ? {} : { destination }),
    ...(source === undefined ? {} : { source }),
    ...(principal === undefined ? {} : { principal }),
    ...(as === undefined ? {} : { as }),
    ...(asKey === undefined ? {} : { asKey }),
  }
}

const POSITIONS = ['workload', 'gateway'] as const

function readAnswer(value: unknown, place: string, problems: string[]): CaseAnswer {
  const fields = fieldsOf(value, place, ANSWER, problems) ?? {}
  const [reason, target] = ['reason', 'target'].map((name) => textOf(fields, place, name, problems))
  const decision = DECISIONS.find((each) => each === fields.decision)
  if (decision === undefined) problems.push(`${place}.decision: expected allow or deny`)
  if (reason !== undefined && !DENY_REASONS.some((each) => each === reason))
    problems.push(`${place}.reason: unknown reason${didYouMean(reason, DENY_REASONS)}`)
  return {
    decision: decision ?? 'deny',
    ...(reason === undefined ? {} : { reason }),
    ...(target === undefined ? {} : { target }),
    set: textsOf(fields.set, `${place}.set`, problems),
    remove: listOf(fields.remove, `${place}.remove`, problems),
  }
}

const ANSWER = ['decision', 'reason', 'target', 'set', 'remove']
const DECISIONS = ['allow', 'deny'] as const

function textOf(
  fields: Fields,
  place: string,
  name: string,
  problems: string[],
): string | undefined {
  const found = fields[name]
  if (found === undefined || typeof found === 'string') return found
  problems.push(`${place}.${name}: expected text`)
  return undefined
}

type Fields = Readonly<Record<string, unknown>>

function fieldsOf(
  value: unknown,
  place: string,
  known: readonly string[],
  problems: string[],
): Fields | undefined {
  if (!isRecord(value)) {
    problems.push(`${place === '' ? 'the file' : place}: expected an object`)
    return undefined
  }
  for (const key of Object.keys(value)) {
    if (!known.includes(key))
      problems.push(
        `${place === '' ? '' : `${place}.`}${key}: unknown key${didYouMean(key, known)}`,
      )
  }
  return value
}

function textsOf(
  value: unknown,
  place: string,
  problems: string[],
): Readonly<Record<string, string>> {
  if (value === undefined) return {}
  const entries = isRecord(value) ? Object.entries(value) : []
  const texts = entries.flatMap(([key, each]) =>
    typeof each === 'string' ? [[key, each] as const] : [],
  )
  if (!isRecord(value) || texts.length < entries.length)
    problems.push(`${place}: expected an object of texts`)
  return Object.fromEntries(texts)
}

function listOf(value: unknown, place: string, problems: string[]): readonly string[] {
  if (value === undefined) return []
  const list: readonly unknown[] = Array.isArray(value) ? value : []
  const texts = list.filter((each) => typeof each === 'string')
  if (!Array.isArray(value) || texts.length < list.length)
    problems.push(`${place}: expected a list of texts`)
  return texts
}
