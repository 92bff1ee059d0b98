import { readFile } from 'node:fs/promises'
import { verdictOf } from '../../testing/cluster/asking.ts'
import type { Cluster } from '../../testing/cluster/cluster.ts'
import { aNamespace, install } from '../../testing/cluster/installation.ts'
import { keySecret, pod, runningAt } from '../../testing/cluster/objects.ts'
import { inferenceService } from '../../testing/cluster/rbac.ts'
import { type ClusterService, startClusterService } from '../../testing/cluster/service.ts'

type Report = (line: string) => void

const NAMESPACES = 100
const SERVICES = 10_000
const PODS = 5_000
const SECRETS = 50_000
const AT_ONCE = 48
const RESTARTS = 10

const namespaceOf = (index: number) => `team-${index % NAMESPACES}`
const keyOf = (index: number) => `a-key-of-sixteen-bytes-${index}`

/** Fills a cluster like a large installation. */
export async function fill(cluster: Cluster, report: Report) {
  await each(NAMESPACES, (index) => cluster.create(aNamespace(namespaceOf(index))))
  await each(SERVICES, async (index) => {
    const service = inferenceService(namespaceOf(index), `model-${index}`)
    await cluster.create({ ...service, status: {} })
    await cluster.applyStatus(service, statusOf(namespaceOf(index), `model-${index}`))
  })
  report(`${SERVICES} InferenceServices`)
  await each(PODS, async (index) => {
    const one = pod(namespaceOf(index), `model-${index}-0`, { service: `model-${index}` })
    await cluster.create(one)
    await cluster.applyStatus(
      one,
      runningAt(`10.${100 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`),
    )
  })
  report(`${PODS} pods`)
  await each(SECRETS, (index) =>
    cluster.create(keySecret(namespaceOf(index), `key-${index}`, keyOf(index))),
  )
  report(`${SECRETS} Secrets with keys`)
}

const statusOf = (namespace: string, name: string) => ({
  url: `http://${name}-${namespace}.example.com`,
  address: { url: `http://${name}.${namespace}.svc.cluster.local` },
  components: { predictor: { url: `http://${name}-predictor-${namespace}.example.com` } },
  conditions: ['IngressReady', 'PredictorReady', 'Ready'].map((type) => ({ type, status: 'True' })),
})

async function each(count: number, work: (index: number) => Promise<unknown>) {
  let next = 0
  const run = async () => {
    for (let index = next++; index < count; index = next++) await work(index)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, run))
}

/** The first sync of a full cluster, then API servers that have lost their history of changes. */
export async function measureScale(cluster: Cluster, report: Report) {
  const kubeconfig = await install(cluster)
  const begun = performance.now()
  const service = await startClusterService({ kubeconfig })
  try {
    const answering = performance.now() - begun
    await service.ready()
    const ready = performance.now() - begun
    const first = await figuresOf(service)
    await mustKnowAll(service)
    report(`synced after ${ready.toFixed(0)} ms`)
    const sizes: string[] = []
    let longest = 0
    for (let restart = 0; restart < RESTARTS; restart += 1) {
      await forget(cluster, service, restart)
      const { rssMiB, stallMs } = await figuresOf(service)
      sizes.push(rssMiB)
      longest = Math.max(longest, Number(stallMs))
      report(`all listed again (${restart + 1}): ${rssMiB} MiB, longest stall ${stallMs} ms`)
    }
    return [
      ['objects', `${SERVICES} InferenceServices, ${PODS} pods, ${SECRETS} Secrets`],
      ['answering checks after start, in ms', answering.toFixed(0)],
      ['ready after start, in ms', ready.toFixed(0)],
      ['longest stall of the event loop meanwhile, in ms', first.stallMs],
      [
        'memory then: resident, peak, heap, in MiB',
        [first.rssMiB, first.peakMiB, first.heapMiB].join(', '),
      ],
      [`resident after each of ${RESTARTS} full lists`, sizes.join(', ')],
      ['longest stall meanwhile, in ms', longest.toFixed(1)],
    ] as const
  } finally {
    await service.stop()
  }
}

/** The last object of each kind. */
async function mustKnowAll(service: ClusterService) {
  const [name, namespace] = [`model-${SERVICES - 1}`, namespaceOf(SERVICES - 1)]
  const verdict = await verdictOf(service.gateway, {
    host: `${name}-${namespace}.example.com`,
    token: keyOf(SECRETS - 1),
  })
  if (verdict !== 'allow') throw new Error(`not everything is known: ${verdict}`)
}

/** Starts the API server with a compacted etcd; resolves once a change made afterwards takes effect. */
async function forget(cluster: Cluster, service: ClusterService, restart: number) {
  await cluster.stopApiServer()
  await cluster.compact()
  await cluster.startApiServer()
  const token = `a-key-after-a-restart-${restart}`
  await cluster.create(keySecret(namespaceOf(0), `restart-${restart}`, token))
  const host = `model-0.${namespaceOf(0)}.svc`
  const begun = performance.now()
  while ((await verdictOf(service.gateway, { host, token })) !== 'allow') {
    if (performance.now() - begun > 120_000)
      throw new Error('no change takes effect after a restart')
  }
}

async function figuresOf({ read, pid }: ClusterService) {
  const { text } = await read('/metrics')
  const value = (name: string) =>
    Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${name} `))
        ?.slice(name.length + 1),
    )
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const kibibytes = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1])
  return {
    stallMs: (1_000 * value('kserve_authz_event_loop_delay_seconds{quantile="max"}')).toFixed(1),
    heapMiB: (value('nodejs_heap_size_used_bytes') / 2 ** 20).toFixed(0),
    rssMiB: (kibibytes('VmRSS') / 1_024).toFixed(0),
    peakMiB: (kibibytes('VmHWM') / 1_024).toFixed(0),
  }
}
