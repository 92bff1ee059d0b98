// The command `serve`: answers checks until stopped.

import { failClosed } from '../access/fail-closed.ts'
import { yieldToEventLoop } from '../app/background-threads.ts'
import { type Engine, openEngine } from '../app/engine.ts'
import { insecureProvidersIn, proxiesIn } from '../app/identity-providers.ts'
import { createCheckObserver } from '../app/observe-checks.ts'
import { readinessOf, whenSynced } from '../app/readiness.ts'
import { catchFaults, placeOf } from '../app/uncaught.ts'
import type { Config } from '../config/read-config.ts'
import type { CheckParts } from '../envoy/check-handler.ts'
import type { EnvoyServer } from '../envoy/server.ts'
import { createTlsIdentity, type TlsIdentity } from '../envoy/tls.ts'
import { createDecisionLog } from '../observability/decision-log.ts'
import { startHttp } from '../observability/http.ts'
import { createLastDenials } from '../observability/last-denials.ts'
import { createLog, type Log, withoutRepeats } from '../observability/log.ts'
import { createMetrics, type Metrics, type Origin } from '../observability/metrics.ts'
import { serviceConfigOf } from './config-of.ts'
import type { ServeFlags } from './flags.ts'
import { openListeners } from './listeners.ts'

/** In milliseconds; less than the timeout in Istio's configuration, 500 ms. */
export const DEADLINE_MS = 400
/** For calls in flight when the program stops: longer than any call lasts. */
const STOP_GRACE_MS = 1_000
/** From an uncaught exception to the end at the latest: longer than a stop takes. */
const LAST_MS = 5_000
const REPEAT_MS = 10_000

/** Answers checks until `stopped`; resolves to the exit code once everything is closed. */
export async function serve(
  flags: ServeFlags,
  version: string,
  stopped: Promise<string>,
): Promise<number> {
  const config = serviceConfigOf(flags)
  const log = createLog(config.logLevel)
  const warn = withoutRepeats(log.warn, REPEAT_MS)
  const error = withoutRepeats(log.error, REPEAT_MS)
  let metrics: Metrics | undefined
  const bug = (origin: Origin, message: string) => (fault: unknown) => {
    metrics?.internalError(origin)
    error({ fault: placeOf(fault) }, message)
  }
  const broken = whenBroken(bug)
  await yieldToEventLoop()
  const engine = await openEngine({
    config,
    manifests: flags.manifests,
    reportProblem: ({ object, reason, message }) => log.warn({ object, reason }, message),
    reportFault: (message, error) => warn({ error: String(error) }, message),
    reportOutage: (resource, message) => warn({ resource }, message),
    reportPolicyStatus: (object, { accepted, enforced, resolvedRefs }) =>
      log.info(
        {
          object,
          accepted: accepted.reason,
          enforced: enforced.reason,
          resolvedRefs: resolvedRefs.reason,
          detail: [enforced.message || accepted.message, resolvedRefs.message]
            .filter((text) => text !== '')
            .join('; '),
        },
        'policy status',
      ),
    reportProtection: ({ level, object, reason, message }) =>
      log[level]({ object, reason }, message),
    observeProtection: (...change) => metrics?.observeProtection(...change),
    observeDependency: (asked) => metrics?.observeDependency(asked),
    observeShed: (cause) => metrics?.observeShed(cause),
    observeOddGroups: (provider, count) => metrics?.observeOddGroups(provider, count),
    observeLeftOut: (value, cause) => metrics?.observeLeftOut(value, cause),
    proxies: proxiesIn(process.env),
  })
  metrics = createMetrics({
    perService: config.metrics.perService,
    version,
    directory: engine.directory,
    resources: engine.resources,
    keyAges: engine.keyAges,
    caches: engine.caches,
    stale: engine.stale,
    revokesInstantly: engine.revokesInstantly,
    ...(engine.unguarded === undefined ? {} : { unguarded: engine.unguarded }),
    insecureProviders: insecureProvidersIn(config),
  })
  const decisions = createDecisionLog({
    decisions: config.decisionLog.decisions,
    dropped: metrics.decisionLogDropped,
  })
  const tls = openTls(config, (error) =>
    warn({ error: String(error) }, 'cannot reload the certificate'),
  )
  const report = bug('check', 'bug: a check failed and was denied')
  const lastDenials = config.metrics.perService ? createLastDenials(engine.directory) : undefined
  const observing = createCheckObserver(
    metrics,
    decisions,
    bug('shadow', 'bug: a shadow evaluation failed'),
    lastDenials,
  )
  const parts = partsOf(engine, observing.observe, report)
  const guard = { shed: metrics.observeShed }
  const servers = await openListeners(config, parts, tls, guard)
  let stopping = false
  const http = await startHttp({
    address: config.http.address,
    metrics,
    denials: lastDenials?.text,
    readiness: () => [...readinessOf(engine, config), { name: 'serving', ok: !stopping }],
    refusalOf: config.http.auth === 'none' ? undefined : engine.metricsReaders,
  })
  announce(log, config, servers, http.port)
  for (const provider of insecureProvidersIn(config)) {
    log.warn(
      { provider },
      'it is reached over plain http: an attacker on the network path can issue tokens',
    )
  }
  const watching = whenSynced(engine, () => {
    for (const server of servers) server.setServing(!stopping)
    log.info({}, 'ready: all objects have been read')
  })

  const signal = await Promise.race([stopped, broken])
  stopping = true
  clearInterval(watching)
  log.info({ signal }, 'stopping')
  await Promise.all(servers.map((server) => server.close(STOP_GRACE_MS)))
  tls?.close()
  await observing.settled(STOP_GRACE_MS)
  await Promise.all([http.close(), engine.close(), decisions.close()])
  log.info({}, 'stopped')
  return signal === BROKEN ? 1 : 0
}

const BROKEN = 'uncaughtException'

/**
 * After an unhandled rejection the program goes on. After an uncaught exception its state is unknown, so it
 * ends and is restarted from outside.
 */
function whenBroken(bug: (origin: Origin, message: string) => (fault: unknown) => void) {
  const ending = bug('background', 'bug: uncaught exception, the program ends')
  return new Promise<typeof BROKEN>((resolve) => {
    catchFaults({
      rejected: bug('background', 'bug: unhandled promise rejection'),
      thrown: (fault) => {
        ending(fault)
        setTimeout(() => process.exit(1), LAST_MS).unref()
        resolve(BROKEN)
      },
    })
  })
}

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

const openTls = ({ grpc }: Config, report: (error: unknown) => void): TlsIdentity | undefined =>
  grpc.tls === null ? undefined : createTlsIdentity(grpc.tls, report)

function announce(log: Log, config: Config, servers: readonly EnvoyServer[], httpPort: number) {
  for (const { position, port } of servers) log.info({ position, port }, 'answering checks')
  log.info({ port: httpPort, address: config.http.address }, 'serving metrics and health')
}
