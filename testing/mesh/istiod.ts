import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { get, until } from '../../scripts/child.ts'
import { type Cluster, writeAdminKubeconfig } from '../cluster/cluster.ts'
import { startProgram } from '../cluster/programs.ts'
import { freePorts } from '../free-ports.ts'
import { validatedBy } from './admission.ts'

type IstiodSpec = {
  /** Path of the binary, called pilot-discovery. */
  readonly istiod: string
  readonly cluster: Cluster
  /** The mesh configuration, in addition to a proxy without Istio's own filters. */
  readonly meshConfig: object
  /** Additional environment variables of istiod, which take precedence. */
  readonly environment?: Readonly<Record<string, string>>
}

/** Features that plain releases of Envoy lack, and features that need a certificate authority. */
const ENVIRONMENT = {
  PILOT_ENABLE_METADATA_EXCHANGE: 'false',
  PILOT_ENABLE_ALPN_FILTER: 'false',
  PILOT_ENABLE_GATEWAY_API: 'false',
  PILOT_CERT_PROVIDER: 'none',
  ENABLE_CA_SERVER: 'false',
  XDS_AUTH: 'false',
  VALIDATION_WEBHOOK_CONFIG_NAME: '',
  INJECTION_WEBHOOK_CONFIG_NAME: '',
  PILOT_DEBOUNCE_AFTER: '10ms',
}

const MESH = {
  rootNamespace: 'istio-system',
  trustDomain: 'cluster.local',
  defaultProviders: { metrics: [], accessLogging: [] },
}

/** Starts istiod with an API server that has Istio's CRDs, and enables its admission webhook. Its `kill` ends it. */
export async function startIstiod({ istiod, cluster, meshConfig, environment = {} }: IstiodSpec) {
  const { folder } = cluster.site
  const [xdsPort = 0, httpPort = 0, httpsPort = 0, monitoringPort = 0] = await freePorts(4)
  const meshFile = path.join(folder, 'mesh.json')
  const configure = (config: object) => writeFile(meshFile, JSON.stringify({ ...MESH, ...config }))
  await configure(meshConfig)
  const kubeconfig = await writeAdminKubeconfig(cluster.site)
  const variables = Object.entries({ ...ENVIRONMENT, ...environment })
  const program = await startProgram(
    'istiod',
    folder,
    ['env', ...variables.map(([name, value]) => `${name}=${value}`), istiod, 'discovery'],
    {
      registries: 'Kubernetes',
      kubeconfig,
      meshConfig: meshFile,
      domain: 'cluster.local',
      grpcAddr: `127.0.0.1:${xdsPort}`,
      secureGRPCAddr: '',
      httpAddr: `127.0.0.1:${httpPort}`,
      httpsAddr: `127.0.0.1:${httpsPort}`,
      tlsCertFile: path.join(folder, 'server.crt'),
      tlsKeyFile: path.join(folder, 'server.key'),
      caCertFile: path.join(folder, 'ca.crt'),
      monitoringAddr: `127.0.0.1:${monitoringPort}`,
      ctrlz_address: '127.0.0.1',
      ctrlz_port: '0',
    },
  )
  const died = new AbortController()
  void program.ended.then((how) => died.abort(new Error(how)))
  try {
    const ready = async () =>
      (await get(`http://127.0.0.1:${httpPort}/ready`)).status === 200 || undefined
    await until('istiod is not ready', ready, { signal: died.signal, deadlineMs: START_MS })
    await cluster.apply(await validatedBy(httpsPort, folder))
  } catch (fault) {
    await program.kill()
    throw fault
  }
  return {
    ...program,
    xdsPort,
    /** Replaces the mesh's configuration: in force within a second. */
    configure,
    /** Its output under `/debug/`. */
    debug: async (page: string): Promise<unknown> =>
      JSON.parse((await get(`http://127.0.0.1:${httpPort}/debug/${page}`)).text),
  }
}

const START_MS = 180_000
