// The command `test`: decides the cases of a folder, and compares the answers.

import { globSync, statSync } from 'node:fs'
import path from 'node:path'
import type { Policy } from '../access/policy.ts'
import { type AssumedBy, assumedBy, withCredential } from './assume.ts'
import { encodedOf, explain } from './check.ts'
import { type CheckMessage, checkMessage } from './check-message.ts'
import { inFields, UsageError } from './exit-codes.ts'
import { type Explanation, oneLine } from './explanation.ts'
import type { LookFlags, TestFlags } from './flags.ts'
import { suiteOf } from './junit.ts'
import { type Look, look, once } from './look.ts'
import { readInput, requireFolder } from './read-input.ts'
import { readCases, type TestCase } from './test-cases.ts'
import { refuseUnseen } from './unseen.ts'

type Result = {
  readonly name: string
  readonly file: string
  readonly differences: readonly string[]
  readonly explanation: Explanation
}

type Placed = TestCase & {
  readonly file: string
  readonly assumed: AssumedBy | undefined
  readonly message: CheckMessage
}

/** Decides every case of a folder; resolves to the exit code: 1 if an answer differs. */
export function testFolder(flags: TestFlags, folder: string): Promise<number> {
  const cases = casesIn(folder)
  if (cases.length === 0) throw new UsageError(`test: no cases.yaml or *.cases.yaml in ${folder}`)
  const assumed = cases.flatMap((each) => each.assumed?.inspected ?? [])
  return look(
    settled(flags, folder),
    async (seen) => {
      const results: Result[] = []
      for (const each of cases) results.push(await resultOf(each, seen))
      if (flags.cluster === true) {
        for (const { explanation } of results) refuseUnseen(flags, explanation, seen)
        seen.unread.forEach(once((each) => `not read: ${each}`))
      }
      const rules = rulesIn(seen.engine.directory.policies.values())
      const matched = new Set(results.flatMap(({ explanation }) => matchedBy(explanation)))
      const unmatched = rules.filter((rule) => !matched.has(rule))
      const format = flags.output === 'junit' ? asJunit : asText
      process.stdout.write(format(results, rules.length, unmatched))
      return results.some(({ differences }) => differences.length > 0) ? 1 : 0
    },
    {
      assumed,
      reportProblem: ({ object, reason, message }) => {
        // A file of cases is not a manifest.
        if (reason !== 'NotAnObject') process.stderr.write(`${oneLine(`${object}: ${message}`)}\n`)
      },
    },
  )
}

/** By default the manifests are in the folder `manifests`, and the configuration is `config.yaml`. */
function settled(flags: TestFlags, folder: string): LookFlags {
  const { cluster, installation, namespace } = flags
  if (cluster === true) {
    if (flags.manifests !== undefined)
      throw new UsageError('--cluster and --manifests: give one of them')
    return flags
  }
  for (const [name, value] of Object.entries({ installation, namespace }))
    if (value !== undefined) throw new UsageError(`--${name}: has no effect without --cluster`)
  const { manifests = defaultOf(folder, 'manifests') ?? folder } = flags
  const config = flags.config ?? defaultOf(folder, 'config.yaml')
  return { ...flags, manifests, ...(config === undefined ? {} : { config }) }
}

function defaultOf(folder: string, name: string): string | undefined {
  const found = path.join(folder, name)
  return statSync(found, { throwIfNoEntry: false }) === undefined ? undefined : found
}

function casesIn(folder: string): readonly Placed[] {
  requireFolder('test', folder)
  const files = globSync(['**/cases.y{,a}ml', '**/*.cases.y{,a}ml'], { cwd: folder }).toSorted()
  const readings = [...new Set(files)].map((name) => {
    const file = path.join(folder, name)
    return { file, ...readCases(readInput('test', file)) }
  })
  const problems = readings.flatMap(({ file, problems }) =>
    problems.map((each) => `${file}: ${each}`),
  )
  if (problems.length > 0) throw new UsageError(problems.join('\n'))
  return readings.flatMap(({ file, cases }) =>
    cases.map((each) =>
      inFields(`${file}: ${each.name}`, () => ({
        ...each,
        file,
        assumed: assumedIn(each),
        message: messageIn(each),
      })),
    ),
  )
}

const assumedIn = ({ request }: TestCase) =>
  assumedBy({
    asGroup: request.asGroups,
    header: linesOf(request.headers),
    ...(request.as === undefined ? {} : { as: request.as }),
    ...(request.asKey === undefined ? {} : { asKey: request.asKey }),
  })

const messageIn = ({ request }: TestCase): CheckMessage =>
  checkMessage({ ...request, header: linesOf(request.headers) }, request.method, request.url)

const linesOf = (headers: Readonly<Record<string, string>>): readonly string[] =>
  Object.entries(headers).map(([name, value]) => `${name}: ${value}`)

async function resultOf(each: Placed, { engine, config }: Look): Promise<Result> {
  const { name, file, request, assumed, message } = each
  const { destination, position } = request
  const bytes = encodedOf(withCredential(message, assumed, config))
  const asking = position ?? (destination === undefined ? 'gateway' : 'workload')
  const explanation = await explain(engine, bytes, asking)
  return { name, file, explanation, differences: differencesOf(each.expect, explanation) }
}

function differencesOf(expected: TestCase['expect'], found: Explanation): readonly string[] {
  const { decision, reason, target, set, remove } = expected
  return [
    ...differs('decision', decision, found.decision),
    ...(reason === undefined ? [] : differs('reason', reason, found.reason)),
    ...(target === undefined ? [] : differs('target', target, found.target ?? 'none')),
    ...Object.entries(set).flatMap(([name, value]) =>
      differs(`header ${name}`, value, found.headers.set[name] ?? 'none'),
    ),
    ...remove
      .filter((name) => !found.headers.remove.includes(name))
      .map((name) => `header ${name}: expected to be removed`),
  ]
}

const differs = (what: string, expected: string, found: string): readonly string[] =>
  expected === found ? [] : [`${what}: expected ${expected}, found ${found}`]

const MATCHED = /^policy (.+), (allow|deny)\[(\d+)\]: yes/

/** The rules that matched, as `namespace/policy, allow[0]`. */
const matchedBy = ({ steps, target }: Explanation): readonly string[] =>
  steps.flatMap((step) => {
    const [, policy, list, index] = MATCHED.exec(step) ?? []
    const [, namespace] = /^\S+ ([^/]+)\//.exec(target ?? '') ?? []
    return policy === undefined ? [] : [`${namespace}/${policy}, ${list}[${index}]`]
  })

const rulesIn = (policies: Iterable<Policy>): readonly string[] =>
  [...policies].flatMap(({ namespace, name, terms }) => [
    ...(terms?.allow ?? []).map((_rule, index) => `${namespace}/${name}, allow[${index}]`),
    ...(terms?.deny ?? []).map((_rule, index) => `${namespace}/${name}, deny[${index}]`),
  ])

function asText(results: readonly Result[], rules: number, unmatched: readonly string[]): string {
  const failed = results.filter(({ differences }) => differences.length > 0).length
  const lines = [
    ...results.flatMap(({ name, differences, explanation }) =>
      differences.length === 0
        ? [`ok ${name}`]
        : [`FAILED ${name}`, ...[...differences, ...explanation.steps].map((each) => `  ${each}`)],
    ),
    `${results.length} cases, ${failed} failed; ${rules - unmatched.length} of ${rules} rules matched`,
    ...unmatched.map((rule) => `never matched: ${rule}`),
  ]
  return `${lines.map(oneLine).join('\n')}\n`
}

const asJunit = (results: readonly Result[]): string =>
  suiteOf(
    'kserve-authz test',
    results.map(({ name, file, differences }) => ({
      name,
      group: file,
      failure:
        differences.length === 0 ? undefined : { type: 'error', message: differences.join('; ') },
    })),
  )
