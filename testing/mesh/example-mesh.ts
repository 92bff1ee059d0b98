import path from 'node:path'
import { documentsIn } from '../cluster/example.ts'
import { aNamespace, writtenOf } from '../cluster/installation.ts'
import type { Example as Providers } from '../issuers/scenarios/data.ts'
import type { Site } from '../issuers/scenarios/run.ts'
import { clusterSource, configIn, running } from '../scenario/cluster-source.ts'
import { type Change, type Example, type Listener, listenerOf } from '../scenario/data.ts'
import type { Outcome, Outgoing, Scenario } from '../scenario/scenario.ts'
import { positionAt } from '../scenario/source.ts'
import { type MeshExample, readMeshExample } from './examples.ts'
import { type Mesh, startMesh } from './mesh.ts'
import { mutualTls } from './objects.ts'
import { GRPC_PORT } from './pods.ts'

export type ExampleMesh = Awaited<ReturnType<typeof startExampleMesh>>

type Applied = { readonly name: string; readonly namespace: string; readonly permissive?: boolean }

/** Starts a mesh with applied examples. `permissive`: its pods also accept plain HTTP. */
export async function startExampleMesh(examples: readonly Applied[]) {
  const manifests = new Map<string, MeshExample>()
  for (const { name } of examples) manifests.set(name, await readMeshExample(name))
  const of = (name: string): MeshExample => {
    const found = manifests.get(name)
    if (found === undefined) throw new Error(`there is no example ${name}`)
    return found
  }
  const mesh = await startMesh({
    pods: Object.fromEntries([...manifests.values()].flatMap(({ pods }) => Object.entries(pods))),
    objects: [
      ...[...manifests.values()].flatMap(({ namespaces }) => namespaces.map(aNamespace)),
      ...[...manifests.values()].flatMap(({ routes }) => routes),
      ...examples
        .filter(({ permissive = false }) => permissive)
        .map(({ namespace }) => mutualTls(namespace, 'PERMISSIVE')),
    ],
  })
  try {
    const tokens = new Map<string, string>()
    for (const { name, namespace } of examples) {
      await of(name).apply(mesh.cluster)
      const own = await of(name).applyTokens(mesh.cluster, namespace)
      for (const [demo, token] of own) tokens.set(demo, token)
    }
    return { ...mesh, of, tokens }
  } catch (fault) {
    await mesh.stop()
    throw fault
  }
}

type Place = Pick<Listener, 'address'> & { readonly mtls?: string | undefined }

/** For a listener of an example: the gateway, or the name of the pod with its address. */
function placeIn(mesh: ExampleMesh, name: string, { address, mtls }: Place): string {
  if (positionAt(address) === 'gateway') return mtls === undefined ? 'gateway' : 'mutual gateway'
  return podIn(mesh, name, address)
}

function podIn(mesh: ExampleMesh, name: string, address: string): string {
  const pod = mesh.of(name).podAt(address)
  if (pod === undefined) throw new Error(`there is no pod at ${address}`)
  return pod
}

/** Restarts the service, so that it reads all current objects. */
export async function serveAnew({ service }: Pick<Mesh, 'service'>, config: object) {
  await service.stop()
  await service.start(config)
  await service.ready()
  return running(service.now())
}

/** The requests of an example, sent to gateway and sidecars; the service must run. */
export async function scenarioIn(mesh: ExampleMesh, example: Example): Promise<Scenario> {
  const { cluster, tokens } = mesh
  const { name, namespace, folder } = example
  const source = await clusterSource({ cluster, kubeconfig: '', namespace })(folder)
  const plainToo = Object.values(example.listeners).some(
    ({ address, mtls }) => positionAt(address) === 'workload' && mtls !== undefined,
  )
  const fill = (text: string) =>
    source.fill([...tokens].reduce((filled, [demo, token]) => filled.replaceAll(demo, token), text))

  let sent = 0
  const send = async ({ at, as, from, ...request }: Outgoing): Promise<Outcome> => {
    sent += 1
    const listener = listenerOf(example, at)
    const headers: Record<string, string> = { 'x-request-id': `request-${sent}` }
    for (const [each, value] of Object.entries(request.headers)) headers[each] = await fill(value)
    const { reached, ...answer } = await mesh.ask({
      ...request,
      ...(headers['content-type'] === 'application/grpc' ? { port: GRPC_PORT } : {}),
      to: placeIn(mesh, name, listener),
      host: listener.host,
      headers,
      as: as ?? `${namespace}/caller`,
      from: from === undefined ? undefined : podIn(mesh, name, from),
      plain: plainToo && listener.mtls === undefined,
    })
    const given =
      positionAt(listener.address) === 'workload' ? headers : (reached[0]?.headers ?? {})
    const requestId = given['x-request-id']
    return {
      ...answer,
      received: reached,
      authorization: headers.authorization,
      requestId: typeof requestId === 'string' ? requestId : undefined,
    }
  }
  const now = () => running(mesh.service.now())
  return {
    send,
    can: source.can,
    change: source.change,
    podsAskToo: true,
    checks: () => now().checks(),
    decisions: () => now().decisions(),
    printed: () => now().printed(),
  }
}

/** The example of identity providers: the service with its configuration, and the mesh in front of it. */
export const siteIn =
  (mesh: ExampleMesh, name: string, example: Providers) =>
  async (folder: string, config: string): Promise<Site> => ({
    service: await serveAnew(mesh, configIn(path.join(folder, config))),
    send: async (at, { headers: { host = '', ...headers }, ...request }) => {
      const listener = example.listeners[at]
      if (listener === undefined) throw new Error(`there is no listener ${at}`)
      const to = placeIn(mesh, name, listener)
      const as = example.caller
      const { reached, ...answer } = await mesh.ask({ ...request, headers, host, to, as })
      return { ...answer, received: reached }
    },
    stop: async () => {},
  })

/** Restores an example to its state before these changes. */
export async function undo(mesh: ExampleMesh, example: Example, changes: readonly Change[]) {
  const files = changes
    .flatMap((change) => ('apply' in change ? [change.apply] : []))
    .filter((file) => !file.startsWith('manifests/'))
    .map((file) => path.join(example.folder, file))
  for (const object of await documentsIn(files)) await mesh.cluster.delete(writtenOf(object))
  await mesh.of(example.name).apply(mesh.cluster)
}
