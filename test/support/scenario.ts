import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { z } from 'zod'
import { startEnvoy } from '../../scripts/start-envoy.ts'
import { type Change, type Example, type Listener, readDocuments } from './scenario/data.ts'
import { type Incoming, sendHttp1, sendHttp2 } from './scenario/http.ts'
import { createIdentities } from './scenario/identities.ts'
import { changeManifests } from './scenario/manifests.ts'
import { type Received, startPod } from './scenario/pod.ts'
import { bootstrapOf } from './scenario/proxy.ts'
import { type Decision, startService } from './scenario/service.ts'
import { createSigner } from './scenario/tokens.ts'

type Start = {
  readonly envoy: string
  readonly example: Example
  /** A file of the example; none if absent. */
  readonly config: string | undefined
  /** Changes to the manifests before the start. */
  readonly given: readonly Change[]
}

type Outgoing = {
  readonly at: string
  readonly http: 1 | 2
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer | undefined
  /** `namespace/ServiceAccount` of the certificate that is shown where one is asked for. */
  readonly as?: string | undefined
  readonly from?: string | undefined
}

/** What came back, and what of the request reached the model. */
export type Outcome = Incoming & {
  readonly requestId: string
  readonly received: readonly Received[]
}

export type Scenario = {
  /** The copy of the manifests that the service follows. */
  readonly manifests: string
  readonly send: (request: Outgoing) => Promise<Outcome>
  readonly change: (change: Change) => Promise<void>
  /** How many checks the service answered. */
  readonly checks: () => Promise<number>
  readonly decisions: () => readonly Decision[]
  /** All that the service printed. */
  readonly printed: () => string
  readonly stop: () => Promise<void>
}

const kubernetes = z.object({ kubernetes: z.object({ issuer: z.string() }).optional() })

/** Starts an example on a copy of its folder: the service, Envoy in front of the pod, and the pod. */
export async function startScenario({ envoy, example, config, given }: Start): Promise<Scenario> {
  const folder = await mkdtemp(path.join(tmpdir(), 'scenario-'))
  const stops = [() => rm(folder, { recursive: true })]
  const stop = async () => {
    for (const each of stops.toReversed()) await each()
  }
  try {
    await cp(example.folder, folder, { recursive: true })
    const manifests = path.join(folder, 'manifests')
    for (const each of given) await changeManifests(manifests, example.folder, each)
    const signer = await createSigner(issuerIn(folder, config), example.namespace)
    await writeFile(path.join(folder, 'jwks.json'), JSON.stringify(signer.jwks))

    const identities = await createIdentities(path.join(folder, 'certificates'), [
      ...Object.values(example.listeners).map(({ mtls }) => mtls),
      ...example.rows.flatMap(({ steps }) =>
        steps.map((step) => ('as' in step ? step.as : undefined)),
      ),
    ])
    const pod = await startPod()
    stops.push(pod.close)
    const service = await startService(folder, config)
    stops.push(service.stop)
    const bootstrap = bootstrapOf(example, {
      authzPort: service.grpcPort,
      httpUpstreamPort: pod.httpPort,
      grpcUpstreamPort: pod.grpcPort,
      tlsOf: ({ mtls }) => (mtls === undefined ? undefined : identities.serverOf(mtls)),
    })
    const proxy = await startEnvoy({ envoy, bootstrap, folder })
    stops.push(proxy.stop)

    let sent = 0
    return {
      manifests,
      send: async ({ at, http, as, from, ...request }) => {
        sent += 1
        const { address, host, mtls } = listenerOf(example, at)
        const headers: Record<string, string> = { host, 'x-request-id': `request-${sent}` }
        for (const [name, value] of Object.entries(request.headers)) {
          headers[name] = await signer.fill(value)
        }
        const send = http === 1 ? sendHttp1 : sendHttp2
        const answer = await send({
          ...request,
          headers,
          address,
          port: proxy.portOf(at),
          localAddress: from,
          tls: mtls === undefined || as === undefined ? undefined : identities.clientOf(as),
        })
        const requestId = headers['x-request-id'] ?? ''
        return { ...answer, requestId, received: pod.receivedWith(requestId) }
      },
      change: (each) => changeManifests(manifests, example.folder, each),
      checks: service.checks,
      decisions: service.decisions,
      printed: service.printed,
      stop,
    }
  } catch (fault) {
    await stop()
    throw fault
  }
}

function listenerOf({ listeners }: Example, name: string): Listener {
  const listener = listeners[name]
  if (listener === undefined) throw new Error(`there is no listener ${name}`)
  return listener
}

/** Of the configuration; where it names none, nobody's tokens are signed. */
function issuerIn(folder: string, config: string | undefined): string {
  if (config === undefined) return 'nobody'
  const [document] = readDocuments(path.join(folder, config))
  return kubernetes.parse(document).kubernetes?.issuer ?? 'nobody'
}
