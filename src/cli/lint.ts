// The command `lint`: finds faults in files or in a cluster.

import { type PolicyStatus, policyStatusOf } from '../access/policy-status.ts'
import type { Engine } from '../app/engine.ts'
import type { Problem } from '../resources/problem.ts'
import { UsageError } from './exit-codes.ts'
import type { LintFlags } from './flags.ts'
import { isAtLeast, levelOf } from './lint-codes.ts'
import { type FilesReading, type Finding, lintFiles } from './lint-files.ts'
import { formatFindings } from './lint-format.ts'
import { look, once } from './look.ts'
import { policiesAround } from './policies-around.ts'
import { requireEntry } from './read-input.ts'

/** Prints the findings; resolves to the exit code: 1 if one is at or above the threshold. */
export async function lint(flags: LintFlags, paths: readonly string[]): Promise<number> {
  if (paths.length === 0 && flags.complete === true)
    throw new UsageError('--complete: give a folder as argument')
  const found = paths.length === 0 ? await problemsOf(flags) : await fromFiles(flags, paths)
  process.stdout.write(formatFindings(found, flags.output ?? 'text'))
  const least = flags.failOn ?? 'warning'
  return found.some(({ code }) => isAtLeast(levelOf(code), least)) ? 1 : 0
}

async function fromFiles(flags: LintFlags, paths: readonly string[]): Promise<readonly Finding[]> {
  for (const name of ['installation', 'manifests', 'namespace'] as const)
    if (flags[name] !== undefined)
      throw new UsageError(`--${name}: has no effect with files and folders as arguments`)
  const [folder, ...others] = paths
  if (flags.complete === true && others.length > 0)
    throw new UsageError('--complete: give one folder')
  for (const each of paths) requireEntry('lint', each)
  const { findings, declared } = lintFiles(paths, flags.config)
  if (
    flags.complete !== true ||
    folder === undefined ||
    findings.some(({ code }) => code === 'UnreadableFile')
  )
    return findings
  const own = flags.config === undefined ? {} : { config: flags.config }
  const whole = await problemsOf({ ...own, manifests: folder })
  const known = new Set(findings.map(({ message }) => message))
  return [
    ...findings,
    ...whole.flatMap((each) => (isKnown(each, known) ? [] : [placed(each, declared)])),
  ]
}

/** With a folder, a problem also names the file. */
const isKnown = ({ message, code }: Finding, known: ReadonlySet<string>) =>
  code === 'NotAnObject' || known.has(message.replace(/ \(in [^()]*\)$/, ''))

function placed(finding: Finding, declared: FilesReading['declared']): Finding {
  const [object = ''] = finding.message.split(': ')
  const { file, line, column } = declared.get(object) ?? {}
  return file === undefined || line === undefined || column === undefined
    ? finding
    : { ...finding, file, line, column }
}

/** The problems that the service would report, and the statuses of policies that do not decide. */
async function problemsOf(
  flags: Omit<LintFlags, 'output' | 'failOn' | 'complete'>,
): Promise<readonly Finding[]> {
  const problems = new Map<string, Finding>()
  const report = ({ object, reason, message }: Problem) => {
    const text = `${object}: ${message}`
    problems.set(`${reason} ${text}`, { code: reason, message: text })
  }
  await look(
    flags,
    ({ engine, unread }) => {
      unread.forEach(once((each) => `not read: ${each}`))
      return reportStatuses(engine, report)
    },
    { reportProblem: report },
  )
  return [...problems.values()]
}

async function reportStatuses({ directory }: Engine, report: (problem: Problem) => void) {
  const byNamespace = Map.groupBy(directory.policies.values(), ({ namespace }) => namespace)
  for (const [namespace, policies] of byNamespace) {
    const around = await policiesAround(namespace, directory)
    for (const policy of policies) {
      const problem = problemOf(policyStatusOf(policy, around))
      if (problem !== undefined)
        report({ object: `AccessPolicy ${namespace}/${policy.name}`, ...problem })
    }
  }
}

/** A policy that cannot be read is reported by its reader. */
function problemOf({ accepted, enforced }: PolicyStatus): Omit<Problem, 'object'> | undefined {
  const { reason, message } = accepted.holds ? enforced : accepted
  const isProblem = reason === 'TargetNotFound' || reason === 'TooLarge' || reason === 'Overridden'
  return isProblem ? { reason, message } : undefined
}
