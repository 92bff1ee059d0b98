import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { until } from '../../scripts/child.ts'
import { findKubernetes, type Kubernetes } from '../../scripts/kubernetes.ts'
import { at, listAt } from '../json.ts'
import { mustTellNothingIn } from '../leaks.ts'
import { type ClusterClient, clusterClient, collectionOf, type Written } from './client.ts'
import { CRDS } from './crds.ts'
import {
  type Program,
  prepareSite,
  type Site,
  type SiteSpec,
  startApiServer,
  startEtcd,
} from './programs.ts'

export type Cluster = ClusterClient & {
  readonly site: Site
  /** Of etcd and of the API server. */
  readonly pids: () => readonly number[]
  /** Kills the API server at once; its watches are interrupted. */
  readonly stopApiServer: () => Promise<void>
  /** With the same etcd, on the same port. */
  readonly startApiServer: () => Promise<void>
  /** Kills etcd at once, and restarts it with the same files; resolves once the API server has reconnected. */
  readonly restartEtcd: () => Promise<void>
  /** Compacts etcd; older resource versions are Gone once the API server has restarted. */
  readonly compact: () => Promise<void>
  /** Writes a kubeconfig for a token; `port` if a proxy is in front of the API server. */
  readonly kubeconfig: (user: KubeconfigUser) => Promise<string>
  readonly installCrd: (crd: Written) => Promise<void>
  /** Resolves once objects of all its versions can be listed. */
  readonly whenServed: (crd: Written, deadlineMs?: number) => Promise<void>
  readonly stop: () => Promise<void>
}

type KubeconfigUser = {
  readonly token: string
  readonly port?: number | undefined
}

type ClusterSpec = SiteSpec & {
  /** The CRDs to install at the start; all by default. */
  readonly crds?: readonly Written[]
}

/** Starts etcd and kube-apiserver on a loopback address. Its `stop` ends both and removes their files. */
export async function startCluster({ crds = Object.values(CRDS), ...spec }: ClusterSpec = {}) {
  const binaries = await findKubernetes((line) => void process.stderr.write(`${line}\n`))
  const folder = await mkdtemp(path.join(tmpdir(), 'cluster-'))
  const programs: Program[] = []
  const stop = async () => {
    for (const program of programs.splice(0).toReversed()) await program.kill()
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  try {
    const site = await prepareSite(folder, spec)
    programs.push(await startEtcd(binaries, site))
    const cluster = clusterAt(binaries, site, programs, stop)
    await cluster.startApiServer()
    await Promise.all(crds.map(cluster.installCrd))
    return cluster
  } catch (fault) {
    await stop()
    throw fault
  }
}

function clusterAt(
  binaries: Kubernetes,
  site: Site,
  programs: Program[],
  stop: () => Promise<void>,
): Cluster {
  const client = clusterClient(site)
  return {
    ...client,
    site,
    pids: () => programs.map(({ pid }) => pid),
    stopApiServer: async () => {
      await programs.splice(1).at(0)?.kill()
    },
    startApiServer: async () => {
      const program = await startApiServer(binaries, site)
      programs.push(program)
      await whenReady(client, program)
    },
    restartEtcd: async () => {
      await programs[0]?.kill()
      programs[0] = await startEtcd(binaries, site)
      const [, apiServer] = programs
      if (apiServer !== undefined) await whenReady(client, apiServer)
    },
    compact: () => compact(site),
    kubeconfig: (user) => writeKubeconfig(site, user),
    installCrd: async (crd) => {
      await client.apply(crd)
      await whenServed(client, crd)
    },
    whenServed: (crd, deadlineMs) => whenServed(client, crd, deadlineMs),
    stop: async () => {
      const told = mustTellNothingIn(client)
      await told.catch(() => {})
      client.close()
      await stop()
      await told
    },
  }
}

const START_MS = 180_000

async function whenReady({ call }: ClusterClient, { ended }: Program) {
  const died = new AbortController()
  void ended.then((how) => died.abort(new Error(how)))
  await until(
    'kube-apiserver is not ready',
    async () => ((await call({ path: '/readyz' })).status === 200 ? true : undefined),
    { signal: died.signal, deadlineMs: START_MS },
  )
}

/** Resolves once objects of all versions can be listed. */
async function whenServed({ call }: ClusterClient, crd: Written, deadlineMs = START_MS) {
  const versions = listAt(crd, 'spec', 'versions').map((version) => String(at(version, 'name')))
  for (const version of versions) {
    const [group, kind] = [at(crd, 'spec', 'group'), at(crd, 'spec', 'names', 'kind')].map(String)
    const ref = { apiVersion: `${group}/${version}`, kind: String(kind), metadata: { name: '' } }
    await until(
      `${kind} is not served`,
      async () => ((await call({ path: collectionOf(ref) })).status === 200 ? true : undefined),
      { deadlineMs },
    )
  }
}

/** Through etcd's JSON gateway. */
async function compact({ etcdPort }: Site) {
  const ask = async (method: string, body: object): Promise<unknown> => {
    const url = `http://127.0.0.1:${etcdPort}/v3/kv/${method}`
    const answer = await fetch(url, { method: 'POST', body: JSON.stringify(body) })
    if (!answer.ok) throw new Error(`etcd answered ${method} with ${answer.status}`)
    return answer.json()
  }
  const revision = at(await ask('range', { key: 'AA==' }), 'header', 'revision')
  await ask('compaction', { revision, physical: true })
}

let written = 0

/** A kubeconfig with one user. */
const kubeconfigOf = ({
  folder,
  port,
  user,
}: Pick<Site, 'folder'> & { readonly port: number; readonly user: object }) => ({
  apiVersion: 'v1',
  kind: 'Config',
  'current-context': 'test',
  contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
  clusters: [
    {
      name: 'test',
      cluster: {
        server: `https://127.0.0.1:${port}`,
        'certificate-authority': path.join(folder, 'ca.crt'),
      },
    },
  ],
  users: [{ name: 'test', user }],
})

/** Writes a kubeconfig with all permissions, for programs in Go: they do not know the user that client-node reads. */
export async function writeAdminKubeconfig({ folder, apiPort: port, adminToken: token }: Site) {
  const file = path.join(folder, 'admin.kubeconfig')
  await writeFile(file, JSON.stringify(kubeconfigOf({ folder, port, user: { token } })))
  return file
}

async function writeKubeconfig(
  { folder, apiPort }: Site,
  { token, port = apiPort }: KubeconfigUser,
) {
  written += 1
  const file = path.join(folder, `kubeconfig-${written}.json`)
  const tokenFile = `${file}.token`
  await writeFile(tokenFile, token)
  const user = { 'auth-provider': { name: 'tokenFile', config: { tokenFile } } }
  const kubeconfig = kubeconfigOf({ folder, port, user })
  await writeFile(file, JSON.stringify(kubeconfig))
  return file
}
