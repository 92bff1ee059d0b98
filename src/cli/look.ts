// Opens the folder or the cluster for a command that only looks.

import { setTimeout as delay } from 'node:timers/promises'
import { type Engine, openEngine } from '../app/engine.ts'
import type { Assumed } from '../app/fact-source.ts'
import { proxiesIn } from '../app/identity-providers.ts'
import { type Config, readConfig } from '../config/read-config.ts'
import { isNamespaceName } from '../resources/object.ts'
import type { Problem } from '../resources/problem.ts'
import { configOf } from './config-of.ts'
import { UnseenError, UsageError } from './exit-codes.ts'
import { oneLine } from './explanation.ts'
import type { LookFlags } from './flags.ts'
import { readInstalledConfig } from './installed-config.ts'
import { isNamespacedName } from './named-service.ts'
import { requireFolder } from './read-input.ts'
import { createTroubles, type Troubles } from './troubles.ts'

/** What a command sees. */
export type Look = {
  readonly engine: Engine
  readonly config: Config
  /** Where the configuration is from. */
  readonly configuration: string
  /** What could not be read and is not needed in every case. */
  readonly unread: readonly string[]
  /** The callers that need no credential. */
  readonly assumed: readonly Assumed[]
  /** What has failed until now. */
  readonly troubles: () => readonly string[]
}

type LookOptions = {
  /** Callers that need no credential. */
  readonly assumed?: readonly Assumed[]
  /** By default problems are written to stderr, each once. */
  readonly reportProblem?: (problem: Problem) => void
  /** Whether to look at the policies by which proxies ask. */
  readonly guards?: boolean
}

/** Reads everything, then calls `use`. Rejects with an UnseenError if something cannot be read. */
export async function look<Result>(
  flags: LookFlags,
  use: (look: Look) => Promise<Result>,
  { assumed = [], reportProblem = once(problemLine), guards = false }: LookOptions = {},
): Promise<Result> {
  const { manifests, namespace } = flags
  if (namespace !== undefined && !isNamespaceName(namespace))
    throw new UsageError('--namespace: expected the name of a namespace')
  if (manifests !== undefined) refuseForFolder(flags, manifests)
  const { config, configuration, unread } = await configurationOf(flags)
  const [troubles, faults] = [createTroubles(), createTroubles()]
  const engine = await openEngine({
    config: seenFrom(config, namespace),
    manifests,
    inspection: { namespace, assumed, guards },
    reportProblem,
    reportFault: (message, error) => faults.add('', `${message}: ${String(error)}`),
    reportOutage: troubles.add,
    proxies: proxiesIn(process.env),
  })
  try {
    await untilSeen(engine, troubles)
    const missing = engine.resources().flatMap(({ detail }) => (isMissing(detail) ? [detail] : []))
    return await use({
      engine,
      config,
      configuration,
      unread: [...new Set([...unread, ...missing])],
      assumed,
      troubles: () => [...troubles.all(), ...faults.all()],
    })
  } finally {
    await engine.close()
  }
}

/** A problem as it is written to stderr. */
export const problemLine = ({ object, message }: Problem) => `${object}: ${message}`

export function refuseForFolder(flags: LookFlags, manifests: string) {
  if (flags.installation !== undefined)
    throw new UsageError('--installation: has no effect with --manifests; it is for a cluster')
  requireFolder('--manifests', manifests)
}

/** The kinds that the cluster does not have are not missing. */
const isMissing = (detail: string): boolean => detail.startsWith('missing permission')

/** Revocations need not be followed, and one namespace is enough if it is named. */
const seenFrom = (config: Config, namespace: string | undefined): Config => ({
  ...config,
  kubernetes: {
    ...config.kubernetes,
    instantRevocation: false,
    ...(namespace === undefined ? {} : { namespaces: [namespace] }),
  },
})

type Configuration = Pick<Look, 'config' | 'configuration' | 'unread'>

/** The configuration of `--config`; with a cluster, that of its installation. If that cannot be read and is not `needed`, the defaults. */
export async function configurationOf(
  flags: LookFlags,
  needed = flags.namespace === undefined,
): Promise<Configuration> {
  const { config: file, manifests, installation } = flags
  if (file !== undefined && installation !== undefined)
    throw new UsageError('--installation: has no effect with --config')
  if (file !== undefined || manifests !== undefined) {
    const given = {
      ...(file === undefined ? {} : { config: file }),
      ...(manifests === undefined ? {} : { manifests }),
    }
    return { config: configOf(given), configuration: file ?? 'defaults', unread: [] }
  }
  const [place = '', name = ''] = (installation ?? 'kserve-authz/kserve-authz').split('/')
  if (!isNamespacedName(`${place}/${name}`))
    throw new UsageError('--installation: expected namespace/name of a Deployment')
  const found = await fromCluster({ namespace: place, name })
  if (!('problem' in found)) {
    const { file, env } = found
    return { config: readConfig({ file, env, flags: {} }), configuration: found.name, unread: [] }
  }
  const problem = `the configuration of the installation: ${found.problem}`
  const advice = ' (give --config FILE, or name the Deployment by --installation)'
  if (needed)
    throw new UnseenError('cannot look at the cluster', [
      found.reached ? problem + advice : found.problem,
    ])
  return { config: configOf({}), configuration: 'defaults', unread: [problem] }
}

/** Loaded on demand, as for the engine. */
async function fromCluster(installation: { readonly namespace: string; readonly name: string }) {
  const { createApiServer } = await import('../kubernetes/client/api-server.ts')
  const { findCluster } = await import('../kubernetes/client/find-cluster.ts')
  const readAccess = await findCluster()
  const api = createApiServer(readAccess())
  try {
    return await readInstalledConfig(api, installation)
  } finally {
    api.close()
  }
}

/** Longest wait for all objects, in milliseconds. */
const SEEN_MS = 10_000
/** From the first lasting trouble until the others have been met, too. */
const OTHERS_MS = 500

/** Waits until everything has been read, but not for what waiting does not heal. */
async function untilSeen(engine: Engine, troubles: Troubles) {
  const begun = performance.now()
  let end = begun + SEEN_MS
  while (!engine.synced() && performance.now() < end) {
    const unread = engine.resources().filter(({ synced }) => !synced)
    if (unread.length > 0 && unread.every(({ resource }) => troubles.isLasting(resource))) break
    if (troubles.any()) end = Math.min(end, performance.now() + OTHERS_MS, begun + SEEN_MS)
    await delay(20)
  }
  if (engine.synced()) return
  const all = troubles.all()
  const late = engine.resources().flatMap(({ resource, synced }) => (synced ? [] : [resource]))
  const told = all.length > 0 ? all : [`not read in time: ${[...new Set(late)].join(', ')}`]
  throw new UnseenError('cannot look at the cluster', told)
}

/** Lines that are not repeated. Beyond them all are forgotten: a watch goes on for days. */
const TOLD = 10_000

/** Writes each line once to stderr. */
export function once<Told>(
  problemLine: (told: Told) => string,
  write: (line: string) => void = (line) => void process.stderr.write(line),
): (told: Told) => void {
  const seen = new Set<string>()
  return (told) => {
    const line = oneLine(problemLine(told))
    if (!seen.has(line)) write(`${line}\n`)
    if (seen.size >= TOLD) seen.clear()
    seen.add(line)
  }
}
