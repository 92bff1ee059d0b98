// The command `services`: lists services with their protection.

import type { ProtectionState } from '../access/protection-status.ts'
import type { Service } from '../access/service.ts'
import { describeServices, isOpenToAll } from './describe-service.ts'
import { UsageError } from './exit-codes.ts'
import type { ServicesFlags } from './flags.ts'
import { callersOf } from './grantees.ts'
import { createKeptProblems } from './kept-problems.ts'
import { look, once, problemLine } from './look.ts'
import { askReplicas, replicasOf } from './replica-denials.ts'
import { formatsOf, formatWhole } from './services-format.ts'
import { stopped } from './stopped.ts'
import { watchServices } from './watch-services.ts'

/** Lists services, and with `--watch` each that changes; resolves to the exit code. */
export function services(flags: ServicesFlags): Promise<number> {
  const { namespace, open, output = 'table', watch } = flags
  if (namespace !== undefined && flags.allNamespaces === true)
    throw new UsageError('--namespace and --all-namespaces: give one of them')
  if (flags.callers === true && watch === true)
    throw new UsageError('--callers and --watch: give one of them')
  const replicas = replicasOf(flags)
  const problems = watch === true ? undefined : createKeptProblems()
  const tell = once(problemLine)
  return look(
    flags,
    async ({ engine, config, unread }) => {
      const lastDenialOf = replicas === undefined ? undefined : await askReplicas(replicas)
      const further = {
        problemsOf: problems?.of,
        lastDenialOf,
        callersOf:
          flags.callers === true
            ? (service: Service, protection: ProtectionState) =>
                callersOf(service, protection, { engine, config })
            : undefined,
      }
      const rowsNow = () => describeServices(engine, namespace, Date.now(), further)
      const rows = await rowsNow()
      const shown = open === true ? rows.filter(isOpenToAll) : rows
      unread.forEach(once((each) => `not read: ${each}`))
      if (watch !== true) {
        process.stdout.write(formatWhole(shown, output))
        return 0
      }
      const { begin, change } = formatsOf(output, shown)
      process.stdout.write(begin)
      await watchServices(rows, {
        rowsNow,
        isShown: (row) => open !== true || isOpenToAll(row),
        show: (row) => process.stdout.write(change(row)),
        troublesNow: () =>
          engine.resources().flatMap(({ detail }) => (detail === '' ? [] : [detail])),
        tell: (trouble) => process.stderr.write(trouble),
        stopped: stopped(),
      })
      return 0
    },
    {
      guards: true,
      reportProblem: (problem) => {
        tell(problem)
        problems?.add(problem)
      },
    },
  )
}
