import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { startEnvoy } from '../../scripts/start-envoy.ts'
import { type Change, type Example, listenerOf } from './data.ts'
import { folderSource } from './folder-source.ts'
import { type Incoming, sendHttp1, sendHttp2 } from './http.ts'
import { createIdentities } from './identities.ts'
import { type Received, startPod } from './pod.ts'
import { bootstrapOf } from './proxy.ts'
import { authzPortAt, type OpenSource, type RunningService, type Source } from './source.ts'

type Start = {
  readonly envoy: string
  readonly example: Example
  /** A file of the example; by default none. */
  readonly config: string | undefined
  /** Changes to the manifests before the start. */
  readonly given: readonly Change[]
  /** By default the folder itself. */
  readonly openSource?: OpenSource
  /** By default Envoy with the listeners of the example. */
  readonly startFront?: (ports: FrontPorts) => Promise<Front>
}

export type FrontPorts = {
  /** The address for gateways. */
  readonly authz: number
  readonly httpUpstream: number
  readonly grpcUpstream: number
}

/** The proxy in front of the pod. */
export type Front = {
  /** By default that of each listener. */
  readonly address?: string
  readonly portOf: (listener: string) => number
  readonly stop: () => Promise<void>
}

export type Outgoing = {
  readonly at: string
  readonly http: 1 | 2
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer | undefined
  /** `namespace/ServiceAccount` of the certificate that is presented if one is required. */
  readonly as?: string | undefined
  readonly from?: string | undefined
}

/** The answer, and the part of the request that reached the model. */
export type Outcome = Incoming & {
  /** Absent if a proxy replaced it by an unknown one. */
  readonly requestId: string | undefined
  readonly received: readonly Received[]
  /** As it was sent. */
  readonly authorization: string | undefined
}

export type Scenario = Pick<Source, 'change' | 'can'> &
  Pick<RunningService, 'checks' | 'decisions' | 'printed'> & {
    /** Whether requests that a gateway allows are checked at the pod as well. */
    readonly podsAskToo: boolean
    readonly send: (request: Outgoing) => Promise<Outcome>
  }

export type RunningScenario = Scenario & Pick<RunningService, 'stop'>

/** Starts an example on a copy of its folder: the service, Envoy in front of the pod, and the pod. */
export async function startScenario({ envoy, example, config, given, ...how }: Start) {
  const { openSource = folderSource(example, config), startFront } = how
  const folder = await mkdtemp(path.join(tmpdir(), 'scenario-'))
  const stops = [() => rm(folder, { recursive: true })]
  const stop = async () => {
    for (const each of stops.splice(0).toReversed()) await each()
  }
  try {
    await cp(example.folder, folder, { recursive: true })
    const source = await openSource(folder)
    for (const each of given) await source.change(each)
    const identities = await createIdentities(path.join(folder, 'certificates'), [
      ...Object.values(example.listeners).map(({ mtls }) => mtls),
      ...example.rows.flatMap(({ steps }) =>
        steps.map((step) => ('as' in step ? step.as : undefined)),
      ),
    ])
    const pod = await startPod()
    stops.push(pod.close)
    const service = await source.start(config)
    stops.push(service.stop)
    const startOwn = (ports: FrontPorts): Promise<Front> => {
      const bootstrap = bootstrapOf(example, {
        authzPortOf: ({ address }) => authzPortAt(service, address),
        httpUpstreamPort: ports.httpUpstream,
        grpcUpstreamPort: ports.grpcUpstream,
        tlsOf: ({ mtls }) => (mtls === undefined ? undefined : identities.serverOf(mtls)),
      })
      return startEnvoy({ envoy, bootstrap, folder })
    }
    const proxy = await (startFront ?? startOwn)({
      authz: service.authzPorts.gateway,
      httpUpstream: pod.httpPort,
      grpcUpstream: pod.grpcPort,
    })
    stops.push(proxy.stop)

    let sent = 0
    const send = async ({ at, http, as, from, ...request }: Outgoing): Promise<Outcome> => {
      sent += 1
      const { address, host, mtls } = listenerOf(example, at)
      const headers: Record<string, string> = { host, 'x-request-id': `request-${sent}` }
      for (const [name, value] of Object.entries(request.headers)) {
        headers[name] = await source.fill(value)
      }
      const send = http === 1 ? sendHttp1 : sendHttp2
      const answer = await send({
        ...request,
        headers,
        address: proxy.address ?? address,
        port: proxy.portOf(at),
        localAddress: from,
        tls: mtls === undefined || as === undefined ? undefined : identities.clientOf(as),
      })
      const { authorization } = headers
      const requestId = headers['x-request-id'] ?? ''
      return { ...answer, requestId, received: pod.receivedWith(requestId), authorization }
    }
    const { change, can } = source
    const { checks, decisions, printed } = service
    const told = { checks, decisions, printed }
    const scenario: RunningScenario = { send, change, can, ...told, podsAskToo: false, stop }
    return scenario
  } catch (fault) {
    await stop()
    throw fault
  }
}
