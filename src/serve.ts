import { readFileSync } from 'node:fs'
import { failClosed } from './access/fail-closed.ts'
import type { ServeFlags } from './cli/program.ts'
import { type Config, readConfig } from './config.ts'
import { type Engine, openEngine } from './engine.ts'
import type { CheckParts } from './envoy/check-handler.ts'
import { type EnvoyServer, serveChecks } from './envoy/server.ts'
import { createTlsIdentity, type TlsIdentity } from './envoy/tls.ts'
import { createDecisionLog } from './observability/decision-log.ts'
import { type Readiness, startHttp } from './observability/http.ts'
import { createLog, type Log, withoutRepeats } from './observability/log.ts'
import { createMetrics, type Metrics } from './observability/metrics.ts'
import { createObserving } from './observing.ts'

/** Below Istio's timeout of 500 ms, in milliseconds. */
const DEADLINE_MS = 400
/** For the calls in flight when the program is stopped: longer than any of them lasts. */
const STOP_GRACE_MS = 1_000
const REPEAT_MS = 10_000

/** Reads the configuration of a command line. Throws a ConfigError, or the error of reading its file. */
export function configOf(flags: ServeFlags): Config {
  const { config: path, ...rest } = flags
  const file = path === undefined ? undefined : { path, text: readFileSync(path, 'utf8') }
  return readConfig({ file, env: process.env, flags: { ...rest, configFile: path } })
}

/** Answers checks until `stopped`; resolves once everything is closed. */
export async function serve(flags: ServeFlags, version: string, stopped: Promise<string>) {
  const config = configOf(flags)
  const log = createLog(config.logLevel)
  const warn = withoutRepeats(log.warn, REPEAT_MS)
  let metrics: Metrics | undefined
  const engine = await openEngine({
    config,
    manifests: flags.manifests,
    reportProblem: ({ object, reason, message }) => log.warn({ object, reason }, message),
    reportFault: (message, error) => warn({ error: String(error) }, message),
    reportOutage: (resource, message) => warn({ resource }, message),
    reportStanding: (object, { accepted, enforced }) =>
      log.info(
        {
          object,
          accepted: accepted.reason,
          enforced: enforced.reason,
          detail: enforced.message || accepted.message,
        },
        'status of a policy',
      ),
    observeDependency: (asked) => metrics?.observeDependency(asked),
    observeShed: (cause) => metrics?.observeShed(cause),
  })
  metrics = createMetrics({
    perService: config.metrics.perService,
    version,
    directory: engine.directory,
    resources: engine.resources,
    keyAges: engine.keyAges,
    caches: engine.caches,
    revokesInstantly: engine.revokesInstantly,
  })
  const decisions = createDecisionLog({
    decisions: config.decisionLog.decisions,
    dropped: metrics.decisionLogDropped,
  })
  const tls = openTls(config, (error) => warn({ error: String(error) }, 'certificate not renewed'))
  const error = withoutRepeats(log.error, REPEAT_MS)
  const report = (fault: unknown) => {
    metrics.internalError('check')
    error({ fault: stackOf(fault) }, 'a bug became a denial')
  }
  const observing = createObserving(metrics, decisions, (fault) => {
    metrics.internalError('shadow')
    error({ fault: stackOf(fault) }, 'a bug stopped a trial')
  })
  const servers = await listen(config, partsOf(engine, observing.observe, report), tls)
  let stopping = false
  const http = await startHttp({
    address: config.http.address,
    metrics,
    readiness: () => [...readinessOf(engine, config), { name: 'serving', ok: !stopping }],
  })
  announce(log, config, servers, http.port)
  const watching = whenSynced(engine, () => {
    for (const server of servers) server.setServing(!stopping)
    log.info({}, 'ready: all objects are known')
  })

  const signal = await stopped
  stopping = true
  clearInterval(watching)
  log.info({ signal }, 'stopping')
  await Promise.all(servers.map((server) => server.close(STOP_GRACE_MS)))
  tls?.close()
  await observing.settled(STOP_GRACE_MS)
  await Promise.all([http.close(), engine.close(), decisions.close()])
  log.info({}, 'stopped')
}

const readinessOf = (
  { resources, revokesInstantly }: Engine,
  config: Config,
): readonly Readiness[] => [
  ...resources().map(({ resource, synced, detail }) => ({ name: resource, ok: synced, detail })),
  // It hinders nothing, but is worth knowing.
  { name: 'revocation', ok: true, detail: revocationIn(revokesInstantly(), config) },
]

function revocationIn(instantly: boolean, { kubernetes: { namespaces } }: Config): string {
  if (!instantly) return 'when what is remembered ends, after about a minute'
  return namespaces.length === 0 ? 'at once' : 'at once in these namespaces, else after a minute'
}

/** Looks until the first time that everything is known. */
function whenSynced({ synced }: Engine, then: () => void): NodeJS.Timeout | undefined {
  if (synced()) {
    then()
    return undefined
  }
  const timer = setInterval(() => {
    if (!synced()) return
    clearInterval(timer)
    then()
  }, SYNC_LOOK_MS)
  return timer
}

const SYNC_LOOK_MS = 20

const partsOf = (
  { authorize, encode }: Engine,
  observe: CheckParts['observe'],
  report: CheckParts['report'],
): CheckParts => ({
  authorize: failClosed(authorize, report),
  encode,
  report,
  deadlineMs: DEADLINE_MS,
  observe,
})

/** Where it happened; the message could quote what a client sent. */
const stackOf = (fault: unknown): string =>
  fault instanceof Error
    ? `${fault.name} ${(fault.stack ?? '').split('\n').slice(1, 4).join(' ').trim()}`
    : typeof fault

const openTls = ({ grpc }: Config, report: (error: unknown) => void): TlsIdentity | undefined =>
  grpc.tls === null ? undefined : createTlsIdentity(grpc.tls, report)

const listen = (
  { grpc }: Config,
  parts: CheckParts,
  tls: TlsIdentity | undefined,
): Promise<readonly EnvoyServer[]> =>
  Promise.all(grpc.listeners.map((listener) => serveChecks(listener, parts, tls?.credentials)))

function announce(log: Log, config: Config, servers: readonly EnvoyServer[], httpPort: number) {
  for (const { position, port } of servers) log.info({ position, port }, 'answering checks')
  log.info({ port: httpPort, address: config.http.address }, 'serving metrics and health')
}
