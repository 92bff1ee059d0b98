import { execFile } from 'node:child_process'
import { mkdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { loadAll } from 'js-yaml'
import { get, until } from '../../scripts/child.ts'
import { findKserve, type Kserve, kserveVersion } from '../../scripts/kserve.ts'
import { findKubernetes } from '../../scripts/kubernetes.ts'
import type { Written } from '../cluster/client.ts'
import { type Cluster, startCluster, writeAdminKubeconfig } from '../cluster/cluster.ts'
import { aNamespace, writtenOf } from '../cluster/installation.ts'
import { startNode } from '../cluster/nodes.ts'
import { type Program, startProgram } from '../cluster/programs.ts'
import { freePorts } from '../free-ports.ts'
import { entriesAt, textAt } from '../json.ts'

/** KServe's namespace. */
const KSERVE_NAMESPACE = 'kserve'

/** Each key of the ConfigMap `inferenceservice-config`, merged into KServe's default. */
export type KserveSettings = Readonly<Record<string, Readonly<Record<string, unknown>>>>

export type KserveCluster = {
  readonly cluster: Cluster
  readonly stop: () => Promise<void>
}

const report = (line: string) => void process.stderr.write(`${line}\n`)

/** A cluster with KServe's own controllers and pods run by kwok, without a mesh. */
export async function startKserve(settings: KserveSettings): Promise<KserveCluster> {
  const kserve = await findKserve(kserveVersion(), report)
  const { controllerManager } = await findKubernetes(report)
  const cluster = await startCluster({ crds: [] })
  const programs: Program[] = []
  const stop = async () => {
    for (const program of programs.splice(0)) await program.kill()
    await cluster.stop()
  }
  try {
    await installKserve(cluster, kserve, settings)
    const admin = await adminOf(cluster)
    programs.push(
      ...(await startNode(cluster, { kwok: kserve.kwok, controllerManager })),
      await startController('manager', kserve.manager, admin),
      await startController('llmisvc', kserve.llmisvc, admin, { 'metrics-secure': 'false' }),
    )
    return { cluster, stop }
  } catch (fault) {
    await stop()
    throw fault
  }
}

async function installKserve(cluster: Cluster, kserve: Kserve, settings: KserveSettings) {
  const crds = (await Promise.all(kserve.crds.map(objectsIn))).flat()
  for (const crd of crds) await cluster.apply(crd)
  for (const crd of crds) await cluster.whenServed(crd, START_MS)
  await cluster.apply(aNamespace(KSERVE_NAMESPACE))
  for (const object of await objectsIn(kserve.objects))
    await cluster.apply(placed(object, settings))
}

async function objectsIn(file: string): Promise<readonly Written[]> {
  const documents: unknown[] = loadAll(await readFile(file, 'utf8'))
  return documents.filter((document) => document !== null && document !== undefined).map(writtenOf)
}

const NAMESPACED: ReadonlySet<string> = new Set(['ConfigMap', 'LLMInferenceServiceConfig'])

function placed(object: Written, settings: KserveSettings): Written {
  if (!NAMESPACED.has(object.kind)) return object
  const metadata = { ...object.metadata, namespace: KSERVE_NAMESPACE }
  if (object.kind !== 'ConfigMap') return { ...object, metadata }
  const written = Object.entries(settings).map(([key, fields]) => {
    const shipped: unknown = JSON.parse(textAt(object, 'data', key) || '{}')
    return [key, JSON.stringify({ ...Object.fromEntries(entriesAt(shipped)), ...fields })]
  })
  const data = { ...Object.fromEntries(entriesAt(object, 'data')), ...Object.fromEntries(written) }
  return { ...object, metadata, data }
}

type Admin = { readonly folder: string; readonly kubeconfig: string }

async function adminOf({ site }: Cluster): Promise<Admin> {
  return { folder: site.folder, kubeconfig: await writeAdminKubeconfig(site) }
}

const START_MS = 180_000

async function startController(
  title: string,
  binary: string,
  { folder, kubeconfig }: Admin,
  flags: Readonly<Record<string, string>> = {},
): Promise<Program> {
  const [health = 0, webhook = 0] = await freePorts(2)
  const home = path.join(folder, title)
  await makeServingCertificate(home)
  const environment = [`TMPDIR=${home}`, `POD_NAMESPACE=${KSERVE_NAMESPACE}`]
  const program = await startProgram(title, folder, ['env', ...environment, binary], {
    kubeconfig,
    'metrics-addr': '127.0.0.1:0',
    'health-probe-addr': `127.0.0.1:${health}`,
    'webhook-port': String(webhook),
    ...flags,
  })
  const died = new AbortController()
  void program.ended.then((how) => died.abort(new Error(how)))
  await until(
    `KServe's ${title} is not ready`,
    async () => (await get(`http://127.0.0.1:${health}/readyz`)).status === 200 || undefined,
    { signal: died.signal, deadlineMs: START_MS },
  )
  return program
}

/** The certificate of its webhooks, which nothing calls. */
async function makeServingCertificate(home: string) {
  const folder = path.join(home, 'k8s-webhook-server/serving-certs')
  await mkdir(folder, { recursive: true })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const files = ['-keyout', 'tls.key', '-out', 'tls.crt', '-subj', '/CN=webhook', '-days', '2']
  await promisify(execFile)('openssl', ['req', '-x509', ...key, ...files], { cwd: folder })
}
