import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Asked, verdictOf } from '../cluster/asking.ts'
import { install } from '../cluster/installation.ts'
import { keySecret, pod, runPod } from '../cluster/objects.ts'
import { API_FAULTS, startClusterProxy } from '../cluster/proxy.ts'
import { inferenceService, PROTECTED } from '../cluster/rbac.ts'
import { startClusterService } from '../cluster/service.ts'
import { newTokens, startTokenCluster } from '../cluster/token-cluster.ts'
import { head, sendRaw } from '../envoy/http.ts'
import { startMesh, TEAM } from '../envoy/team.ts'
import { startOidcIssuer } from '../issuers/oidc-issuer.ts'
import { providerOf } from '../issuers/provider.ts'
import { noteCredential } from '../leaks.ts'
import { renderWith } from './overlay.ts'
import { startPrometheus } from './prometheus.ts'
import { applyServerSide } from './render.ts'

const KEY = 'a-key-of-sixteen-bytes'
const JOB = 'kserve-authz'
/** Between two rounds of requests. */
const PAUSE_MS = 40
const CHANGE_MS = 1_000
const UNPROTECTED = Object.fromEntries(Object.keys(PROTECTED).map((name) => [name, null]))

export type Observed = Awaited<ReturnType<typeof startObserved>>

/**
 * A replica in a cluster whose metrics need a token, another with a folder behind a real Envoy, and a real Prometheus
 * that scrapes both and Envoy. Its `stop` ends everything.
 */
export async function startObserved() {
  const stops: (() => Promise<unknown>)[] = []
  const stop = async () => {
    for (const each of stops.splice(0).toReversed()) await each()
  }
  try {
    const issuer = await startOidcIssuer()
    stops.push(issuer.stop)
    const cluster = await startTokenCluster()
    stops.push(cluster.stop)
    const { proxy, service } = await startReplica(cluster, issuer, stops)
    const mesh = await startMesh({ manifests: TEAM, listeners: { gateway: {} } })
    stops.push(mesh.stop)

    const folder = await mkdtemp(path.join(tmpdir(), 'observed-'))
    stops.push(() => rm(folder, { recursive: true, force: true }))
    const token = path.join(folder, 'token')
    await writeFile(token, await cluster.tokenFor(JOB, 'kserve-authz-metrics'))
    const target = (port: number, labels = {}) => [{ targets: [`127.0.0.1:${port}`], labels }]
    const prometheus = await startPrometheus([
      {
        job_name: JOB,
        honor_labels: true,
        authorization: { type: 'Bearer', credentials_file: token },
        static_configs: target(service.httpPort),
      },
      {
        job_name: `${JOB}-folder`,
        honor_labels: true,
        static_configs: target(mesh.service().httpPort, { job: JOB }),
      },
      {
        job_name: 'envoy',
        metrics_path: '/stats/prometheus',
        static_configs: target(mesh.adminPort),
      },
    ])
    stops.push(prometheus.stop)
    const tokens = {
      newToken: await newTokens(cluster),
      reader: await cluster.tokenFor('team', 'reader'),
      stranger: await cluster.tokenFor('team', 'stranger'),
    }
    const round = () => ask({ service, mesh, issuer, tokens })
    const protect = (isProtected: boolean) =>
      cluster.patch(inferenceService('team', 'changing'), {
        metadata: { annotations: isProtected ? PROTECTED : UNPROTECTED },
      })
    return {
      prometheus,
      /**
       * Sends requests for this time, and changes the protection of a service every second; with an outage, no
       * TokenReview is answered in its middle third.
       */
      load: async (ms: number, outage: boolean) => {
        const begun = performance.now()
        for (let changes = 0; ; ) {
          const passed = performance.now() - begun
          const part = passed / ms
          if (part >= 1) break
          if (passed > changes * CHANGE_MS) {
            changes += 1
            await protect(changes % 2 === 1)
          }
          const fails = outage && part > 1 / 3 && part < 2 / 3
          proxy.fail('tokenreviews', fails ? API_FAULTS['a status of 500'] : undefined)
          await round()
          await delay(PAUSE_MS)
        }
        proxy.fail('tokenreviews', undefined)
      },
      stop,
    }
  } catch (fault) {
    await stop()
    throw fault
  }
}

type Issuer = Awaited<ReturnType<typeof startOidcIssuer>>

async function startReplica(
  cluster: Awaited<ReturnType<typeof startTokenCluster>>,
  issuer: Issuer,
  stops: (() => Promise<unknown>)[],
) {
  const shadow = { ...PROTECTED, 'kserve-authz.io/mode': 'Shadow' }
  for (const object of [
    inferenceService('team', 'wine', shadow),
    inferenceService('team', 'open', {}),
    inferenceService('team', 'changing', {}),
    keySecret('team', 'key', KEY),
  ])
    await cluster.create(object)
  await runPod(cluster, pod('team', 'iris-predictor-0', { service: 'iris' }), '192.0.2.10')
  await applyServerSide(cluster, await renderWith(['metrics-auth']))
  const proxy = await startClusterProxy(cluster.site)
  stops.push(proxy.close)
  const kubeconfig = await install(cluster, 'rbac.yaml', proxy.port)
  const http = { address: '127.0.0.1:0', auth: 'tokenReview' }
  const jwt = { providers: [providerOf(issuer)] }
  const service = await startClusterService({ kubeconfig, config: { http, jwt } })
  stops.push(service.stop)
  await service.ready()
  return { proxy, service }
}

type Load = {
  readonly service: Awaited<ReturnType<typeof startClusterService>>
  readonly mesh: Awaited<ReturnType<typeof startMesh>>
  readonly issuer: Issuer
  readonly tokens: {
    readonly newToken: () => string
    readonly reader: string
    readonly stranger: string
  }
}

/** A request of each kind of caller, more of the usual ones. */
async function ask({ service, mesh, issuer, tokens }: Load) {
  const { newToken, reader, stranger } = tokens
  const wrong = noted(`sha256~${Math.random().toString(36).slice(2)}`)
  const asked: readonly Asked[] = [
    ...Array.from({ length: 6 }, () => ({ token: reader })),
    ...Array.from({ length: 4 }, () => ({ token: KEY })),
    { token: newToken() },
    { token: stranger },
    {},
    { token: wrong },
    { token: noted(issuer.token({ sub: 'ada' })) },
    { token: noted(issuer.token({ exp: 1 })) },
    { host: 'wine.team.svc' },
    { host: 'wine.team.svc', token: reader },
    { host: 'open.team.svc' },
  ]
  const request = (...credential: readonly string[]) =>
    sendRaw(
      { port: mesh.portOf('gateway') },
      head('GET /v1/models/sk HTTP/1.1', 'Host: sk-team.example.com', ...credential),
    )
  await Promise.all([
    ...asked.map((each) => verdictOf(service.gateway, each)),
    request(),
    request('x-api-key: test-key-of-alice-not-a-secret'),
  ])
}

function noted(token: string): string {
  noteCredential(token)
  return token
}
