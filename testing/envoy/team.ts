import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { startModelServer } from '../../examples/model-server/server.ts'
import { findEnvoy } from '../../scripts/envoy.ts'
import { envoyBootstrap, type ListenerSpec } from '../../scripts/envoy-bootstrap.ts'
import { startEnvoy } from '../../scripts/start-envoy.ts'
import { type Service, startService } from '../service.ts'
import { startGrpcModel } from './grpc.ts'

/** Protected and open services of the namespace `team`, and their callers. */
export const TEAM = path.join(import.meta.dirname, '../../test/fixtures/mesh')

type MeshListener = Partial<
  Omit<ListenerSpec, 'name' | 'authzPort' | 'httpUpstreamPort' | 'grpcUpstreamPort'>
>

type MeshSpec = {
  /** Copied, so that tests may write to it. */
  readonly manifests?: string
  /** More files of the folder, by name. */
  readonly files?: Readonly<Record<string, string>>
  /** The configuration. */
  readonly config?: object
  /** By name; by default as Istio configures them. */
  readonly listeners: Readonly<Record<string, MeshListener>>
}

export type Mesh = Awaited<ReturnType<typeof startMesh>>

/**
 * Starts one service, models that echo the received request (HTTP, and gRPC for paths under `/inference.`) and a
 * real Envoy between its clients and both. Its `stop` ends everything.
 */
export async function startMesh({ manifests, files = {}, config, listeners }: MeshSpec) {
  const stops: (() => Promise<void>)[] = []
  const stop = async () => {
    for (const each of stops.splice(0).toReversed()) await each()
  }
  try {
    const envoy = await findEnvoy((line) => void process.stderr.write(`${line}\n`))
    const folder = await mkdtemp(path.join(tmpdir(), 'manifests-'))
    stops.push(() => rm(folder, { recursive: true, force: true }))
    if (manifests !== undefined) await cp(manifests, folder, { recursive: true })
    for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text)
    const model = await startModelServer()
    stops.push(model.close)
    const grpcModel = await startGrpcModel()
    stops.push(grpcModel.close)
    let service: Service = await startService({ folder, config })
    stops.push(() => service.stop())
    const authzPorts = { gateway: service.grpcPort, workload: service.grpcWorkloadPort }
    const upstreams = {
      httpUpstreamPort: model.port,
      grpcUpstreamPort: grpcModel.port,
    }
    const bootstrap = envoyBootstrap({
      listeners: Object.entries(listeners).map(([name, spec]) => ({
        port: 0,
        ...AS_ISTIO,
        ...spec,
        name,
        // Each pod has its own address.
        authzPort: authzPorts[spec.host === undefined ? 'gateway' : 'workload'],
        ...upstreams,
      })),
    })
    const proxy = await startEnvoy({ envoy, bootstrap })
    stops.push(proxy.stop)
    return {
      folder,
      portOf: proxy.portOf,
      adminPort: proxy.adminPort,
      service: () => service,
      /** Another process on the same ports; the previous one must have ended. */
      restartService: async () => {
        await service.stop()
        service = await startService({
          folder,
          config,
          port: authzPorts.gateway,
          workloadPort: authzPorts.workload,
        })
      },
      stop,
    }
  } catch (fault) {
    await stop()
    throw fault
  }
}

const AS_ISTIO: MeshListener = { normalizePath: true, mergeSlashes: false }
