import { until } from '../../scripts/child.ts'
import { aNamespace } from '../cluster/installation.ts'
import { at, listAt, textAt } from '../json.ts'
import { type KserveCluster, type KserveSettings, startKserve } from './programs.ts'
import { GATEWAY, PATHS_ONLY, type Row } from './rows.ts'
import { type Snapshot, snapshotOf } from './snapshot.ts'
import { startStandIns } from './stand-ins.ts'

export type World = KserveCluster & { readonly snapshot: Snapshot }

const ADDRESSES = { [GATEWAY.name]: '203.0.113.1', [PATHS_ONLY.name]: '203.0.113.2' }
const SETTLE_MS = 900_000
/** KServe makes an RSA key of 4096 bits again and again for each LLMInferenceService: a busy machine takes minutes. */
const STALLED_MS = 300_000

/**
 * KServe with the services of a table, after it has created everything for them. Another cluster is started if it does
 * not: what is tested is the service, not whether KServe always finishes.
 */
export async function startWorld(settings: KserveSettings, rows: readonly Row[]): Promise<World> {
  try {
    return await startWorldOnce(settings, rows)
  } catch (fault) {
    process.stderr.write(`KServe is started once more: ${String(fault)}\n`)
    return startWorldOnce(settings, rows)
  }
}

async function startWorldOnce(settings: KserveSettings, rows: readonly Row[]): Promise<World> {
  const kserve = await startKserve(settings)
  const { cluster } = kserve
  const standIns = startStandIns(cluster, ADDRESSES)
  const stop = async () => {
    await standIns.stop()
    await kserve.stop()
  }
  try {
    for (const name of ['team', 'other']) await cluster.apply(aNamespace(name))
    for (const object of [CLASS, gatewayOf(GATEWAY), gatewayOf(PATHS_ONLY, BY_PATH)])
      await cluster.apply(object)
    for (const { objects } of rows) for (const object of objects) await cluster.apply(object)
    const remind = createReminder(cluster)
    const isStalled = createStallDetector()
    const stalled = new AbortController()
    const snapshot = await until(
      'KServe has not made everything',
      async () => {
        const found = await snapshotOf(cluster)
        const left = unsettled(found, rows).length
        if (left === 0) return found
        if (isStalled(left)) stalled.abort(new Error('KServe makes nothing any more'))
        await remind(found)
        return undefined
      },
      { signal: stalled.signal, deadlineMs: SETTLE_MS },
    ).catch(async (fault: unknown) => {
      const left = unsettled(await snapshotOf(cluster), rows)
      throw new Error(`${String(fault)}: ${left.join(', ')}`)
    })
    return { cluster, stop, snapshot }
  } catch (fault) {
    await stop()
    throw fault
  }
}

/** Tells whether the number of services that are left has not become smaller for too long. */
function createStallDetector() {
  let fewest = Number.POSITIVE_INFINITY
  let last = performance.now()
  return (left: number): boolean => {
    if (left < fewest) [fewest, last] = [left, performance.now()]
    return performance.now() - last > STALLED_MS
  }
}

const REMINDER_MS = 20_000

/**
 * KServe may overlook a member of a routing group that was written while it looked at another one, and then
 * sees it at the next change only.
 */
function createReminder({ patch }: KserveCluster['cluster']) {
  let last = performance.now()
  return async ({ llmInferenceServices }: Snapshot) => {
    if (performance.now() - last < REMINDER_MS) return
    last = performance.now()
    for (const service of llmInferenceServices.filter((each) => !isSettled(each))) {
      const [namespace, name] = ['namespace', 'name'].map((key) => textAt(service, 'metadata', key))
      await patch(
        {
          apiVersion: textAt(service, 'apiVersion'),
          kind: 'LLMInferenceService',
          metadata: { namespace: namespace ?? '', name: name ?? '' },
        },
        { metadata: { annotations: { 'example.com/reminded': String(last) } } },
      )
    }
  }
}

const BY_PATH = { 'serving.kserve.io/model-based-routing-enabled': 'false' }

const CLASS = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'GatewayClass',
  metadata: { name: 'example' },
  spec: { controllerName: 'example.com/test' },
}

const gatewayOf = ({ name, namespace }: typeof GATEWAY | typeof PATHS_ONLY, annotations = {}) => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'Gateway',
  metadata: { name, namespace, annotations },
  spec: {
    gatewayClassName: 'example',
    listeners: [
      { name: 'http', protocol: 'HTTP', port: 80, allowedRoutes: { namespaces: { from: 'All' } } },
    ],
  },
})

/** The services whose pods do not run, or whose status has no address. */
function unsettled(snapshot: Snapshot, rows: readonly Row[]): readonly string[] {
  const all = [
    ...snapshot.inferenceServices,
    ...snapshot.inferenceGraphs,
    ...snapshot.llmInferenceServices,
  ]
  const wanted = rows
    .flatMap(({ objects }) => objects)
    .filter(({ kind }) => /^(?:Inference(?:Service|Graph)|LLMInferenceService)$/.test(kind))
  const left = all
    .filter((service) => !isSettled(service))
    .map((service) => textAt(service, 'metadata', 'name'))
  return all.length < wanted.length ? ['some are not there', ...left] : left
}

function isSettled(service: unknown): boolean {
  if (at(service, 'metadata', 'annotations', 'serving.kserve.io/stop') === 'true') return true
  if (textAt(service, 'kind') === 'LLMInferenceService') {
    const group = textAt(service, 'spec', 'router', 'route', 'group')
    const members = listAt(service, 'status', 'router', 'group', 'members')
    return listAt(service, 'status', 'addresses').length > 0 && (group === '' || members.length > 2)
  }
  return listAt(service, 'status', 'conditions').some(
    (condition) => textAt(condition, 'type') === 'Ready' && textAt(condition, 'status') === 'True',
  )
}
