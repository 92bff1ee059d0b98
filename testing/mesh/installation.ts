import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { load, loadAll } from 'js-yaml'
import type { Written } from '../cluster/client.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { accessPolicyCrd, install, writtenOf } from '../cluster/installation.ts'
import { render } from '../deployment/render.ts'
import { entriesAt } from '../json.ts'
import { meshService, sidecar } from './objects.ts'
import type { Workload } from './workload.ts'

const ISTIO = path.join(import.meta.dirname, '../../istio')

const NAMESPACE = 'kserve-authz'
export const WORKLOAD_PORT = 9001
export const GATEWAY_PORT = 9003

/** Applies Istio's CRDs; resolves once their objects can be written. */
export async function installIstioCrds(cluster: Cluster, file: string) {
  const documents: unknown[] = loadAll(await readFile(file, 'utf8'))
  const crds = documents.filter((document) => document !== null).map(writtenOf)
  await Promise.all(crds.map(cluster.installCrd))
}

/** Our own CRD, ServiceAccount and permissions; resolves with its kubeconfig. */
export async function installService(cluster: Cluster): Promise<string> {
  await cluster.installCrd(await accessPolicyCrd())
  return install(cluster)
}

export const servicePod = (address: string): Workload => ({
  role: 'sidecar',
  namespace: NAMESPACE,
  name: 'kserve-authz-0',
  serviceAccount: 'kserve-authz',
  labels: { 'app.kubernetes.io/name': 'kserve-authz' },
  address,
})

type ServicePorts = { readonly workload: number; readonly gateway: number }

/** The service is part of the mesh: a sidecar is in front of both its ports. */
export const serviceObjects = (
  { address, labels, serviceAccount }: Workload,
  ports: ServicePorts,
): readonly Written[] => [
  meshService(
    NAMESPACE,
    'kserve-authz',
    [
      { number: WORKLOAD_PORT, protocol: 'GRPC' },
      { number: GATEWAY_PORT, protocol: 'GRPC' },
    ],
    [{ address, meshed: true, serviceAccount }],
  ),
  sidecar(NAMESPACE, 'kserve-authz', {
    labels,
    address,
    inbound: [
      { number: WORKLOAD_PORT, protocol: 'GRPC', upstream: ports.workload },
      { number: GATEWAY_PORT, protocol: 'GRPC', upstream: ports.gateway },
    ],
  }),
]

/** The configuration of the mesh, as in `istio/`. */
export async function meshConfig(): Promise<object> {
  const text = await readFile(path.join(ISTIO, 'mesh-config/mesh-config.yaml'), 'utf8')
  return Object.fromEntries(entriesAt(load(text)))
}

/** All objects of kustomizations of `istio/`, as rendered. */
export const shippedObjects = async (...folders: readonly string[]): Promise<readonly Written[]> =>
  (await Promise.all(folders.map((folder) => render(path.join(ISTIO, folder))))).flat()

/** The objects of an overlay that is written like `istio/example`, in its place. */
export async function overlayObjects(kustomization: string): Promise<readonly Written[]> {
  const folder = await realpath(await mkdtemp(path.join(tmpdir(), 'overlay-')))
  try {
    const text = kustomization.replaceAll('../', `${path.relative(folder, ISTIO)}/`)
    await writeFile(path.join(folder, 'kustomization.yaml'), text)
    return await render(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** The service's own policy admits the sidecars of the namespace `team`: here, of these. */
export const admitting = (
  namespaces: readonly string[],
  objects: readonly Written[],
): readonly Written[] =>
  objects.map((object) => {
    const text = JSON.stringify(object)
    return writtenOf(
      JSON.parse(
        text.replace('"namespaces":["team"]', `"namespaces":${JSON.stringify(namespaces)}`),
      ),
    )
  })
