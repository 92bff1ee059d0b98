// The command `doctor`: examines whether every protected service is really checked.

import type { Config } from '../config/read-config.ts'
import { type Examination, examine } from '../doctor/examine.ts'
import { type DoctorFinding, FINDINGS } from '../doctor/finding.ts'
import type { Objects } from '../doctor/objects.ts'
import { readFolder } from '../doctor/read-folder.ts'
import { describeApiProblem } from '../kubernetes/client/api-problem.ts'
import { parseDocument } from '../manifests/yaml.ts'
import { doctorSettings, permissionScope } from './doctor-settings.ts'
import { UnseenError } from './exit-codes.ts'
import { oneLine } from './explanation.ts'
import type { DoctorFlags } from './flags.ts'
import { configurationOf, refuseForFolder } from './look.ts'
import { readCertificate } from './read-certificate.ts'

/** Of one request to the API server, in milliseconds. */
const REQUEST_MS = 10_000

/** Prints the findings; resolves to the exit code: 0 nothing that concerns requests now, 1 otherwise. */
export async function doctor(flags: DoctorFlags, version: string): Promise<number> {
  const { manifests } = flags
  if (manifests !== undefined) refuseForFolder(flags, manifests)
  const { config, unread } = await configurationOf(flags, false)
  const known = unread.length === 0 && (manifests === undefined || flags.config !== undefined)
  const { objects, further } = await seenIn(manifests, config, known)
  const examination = examine(objects, {
    ...doctorSettings(config, known),
    parse: parsed,
    version,
    certificate: readCertificate,
    further: [...unread.map(configurationUnread), ...further],
  })
  process.stdout.write(flags.output === 'json' ? asJson(examination) : asText(examination))
  return examination.findings.some(({ code }) => FINDINGS[code].severity !== 'warning') ? 1 : 0
}

/** Without it the defaults decide which services are protected. */
const configurationUnread = (message: string): DoctorFinding => ({
  code: 'not-read',
  object: 'configuration',
  message,
  remedy: 'Give --config FILE, or name the Deployment by --installation.',
})

/** The objects, and findings about what is no object. */
type Seen = { readonly objects: Objects; readonly further: readonly DoctorFinding[] }

/** Whatever prevents it is not the fault of the command line. */
async function seenIn(
  manifests: string | undefined,
  config: Config,
  known: boolean,
): Promise<Seen> {
  try {
    return manifests === undefined
      ? await fromCluster(config, known)
      : { objects: await readFolder(manifests), further: [] }
  } catch (error) {
    throw new UnseenError(error instanceof Error ? error.message : 'the objects cannot be read')
  }
}

async function fromCluster(config: Config, known: boolean): Promise<Seen> {
  // Loaded on demand: a folder does not need it.
  const [{ createApiServer }, { findCluster }, { readCluster }, permissions, clock] =
    await Promise.all([
      import('../kubernetes/client/api-server.ts'),
      import('../kubernetes/client/find-cluster.ts'),
      import('../doctor/read-cluster.ts'),
      import('../doctor/review-permissions.ts'),
      import('../doctor/clock.ts'),
    ])
  const readAccess = await findCluster()
  const api = createApiServer(readAccess(), readAccess)
  try {
    const signal = AbortSignal.timeout(REQUEST_MS)
    const limits = { requestMs: REQUEST_MS, signal }
    const objects = await readCluster(api, limits, config.grpc.tls?.certFile)
    const further = await Promise.all([
      // By other settings than those of the installation it would need other permissions.
      known ? permissions.inspectPermissions(api, signal, objects, permissionScope(config)) : [],
      clock.inspectOwnClock(api, signal),
    ])
    return { objects, further: further.flat() }
  } catch (error) {
    throw new Error(describeApiProblem(error, 'list'))
  } finally {
    api.close()
  }
}

/** `undefined`: not one document of YAML. */
function parsed(text: string): unknown {
  const objects = parseDocument({ text, line: 1, column: 1 })
  return Array.isArray(objects) ? objects[0] : undefined
}

const inFull = ({ findings, ...counts }: Examination) => ({
  ...counts,
  findings: findings.map((finding) => ({ ...FINDINGS[finding.code], ...finding })),
})

const asJson = (examination: Examination): string =>
  `${JSON.stringify(inFull(examination), null, 2)}\n`

function asText(examination: Examination): string {
  const { services, pods, findings } = inFull(examination)
  const sum = `${services} protected services, ${pods} pods, ${findings.length} findings`
  const lines = findings.flatMap(({ severity, code, object, message, effect, remedy }) => [
    '',
    `${severity} ${code}: ${object}`,
    `  ${message}`,
    `  ${effect}`,
    `  ${remedy}`,
  ])
  return `${[sum, ...lines].map(oneLine).join('\n')}\n`
}
