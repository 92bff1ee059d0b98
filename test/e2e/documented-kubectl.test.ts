import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { loadAll } from 'js-yaml'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../../scripts/child.ts'
import { findEnvoyGateway } from '../../scripts/envoy-gateway.ts'
import { findIstio } from '../../scripts/istio.ts'
import { findKubectl } from '../../scripts/kubectl.ts'
import { type Cluster, startCluster, writeAdminKubeconfig } from '../../testing/cluster/cluster.ts'
import { aNamespace, writtenOf } from '../../testing/cluster/installation.ts'
import { inferenceGraph } from '../../testing/cluster/objects.ts'
import { inferenceService, readerRole, roleBinding } from '../../testing/cluster/rbac.ts'
import { commandOf, type Documented, remarkOf } from '../../testing/documented.ts'
import { BY_KUBECTL, runBy } from '../../testing/documented-table.ts'
import { textAt } from '../../testing/json.ts'
import { installIstioCrds } from '../../testing/mesh/installation.ts'
import { shell } from '../../testing/shell.ts'

const ROOT = path.join(import.meta.dirname, '../..')
const PATIENCE = { timeout: 60_000, interval: 200 }
const NAMESPACES = [
  'istio-system',
  'envoy-gateway-system',
  'knative-serving',
  'kserve',
  'kserve-authz',
  'openshift-ingress',
  'istio-ingress',
  'fraud',
  'search',
  'team',
  'llm',
]
const GATEWAY_KINDS =
  /^(?:\w+\.gateway\.envoyproxy\.io|(?:gateways|httproutes|grpcroutes|backendtlspolicies|referencegrants)\.)/

/** Such a part of a page stands for a value of the reader. */
const WRITTEN = [
  ['{"token": "..."}', '{"token": "dG9rZW4="}'],
  ['NAMESPACE', 'team'],
] as const

/** The command with values of the reader. */
const filled = (statement: string) =>
  WRITTEN.reduce((all, [from, to]) => all.replace(from, to), commandOf(statement))

/** What creates is first. */
const rank = ({ statement }: Documented) => ORDER.findIndex((each) => each.test(statement))

const ORDER = [/ (?:apply|diff) /, /^(?!.* delete )/, / delete (?!-k)/, / delete -k /] as const

const COMMANDS = runBy(BY_KUBECTL).toSorted((one, other) => rank(one) - rank(other))

let cluster: Cluster
let folder = ''
let env: Readonly<Record<string, string>>

const sh = (script: string) => shell(script, { cwd: folder, env })

/** The API server serves new definitions, and forgets old ones, a moment later. */
async function mustRun(script: string, wanted = 0) {
  let last = ''
  const attempt = async () => {
    const { code, output } = await sh(script)
    last = output
    return code === wanted ? true : undefined
  }
  await until(script, attempt, { deadlineMs: PATIENCE.timeout }).catch(() => {
    throw new Error(`${script}: ${last}`)
  })
}

beforeAll(async () => {
  const say = (line: string) => void process.stderr.write(`${line}\n`)
  const [kubectl, istio, gateway] = [
    await findKubectl(say),
    await findIstio(say),
    await findEnvoyGateway(say),
  ]
  cluster = await startCluster()
  await installIstioCrds(cluster, istio.crds)
  const crds = loadAll(await readFile(gateway.crds, 'utf8'))
  for (const crd of crds.filter((each) => GATEWAY_KINDS.test(textAt(each, 'metadata', 'name'))))
    await cluster.installCrd(writtenOf(crd))
  for (const name of NAMESPACES) await cluster.apply(aNamespace(name))
  const labels = { 'kserve-authz.io/models': 'true' }
  await cluster.apply({ ...aNamespace('team'), metadata: { name: 'team', labels } })
  for (const object of objects()) await cluster.create(object)
  folder = await mkdtemp(path.join(tmpdir(), 'kubectl-'))
  await writeFolders()
  const own = path.join(folder, 'bin')
  await mkdir(own)
  await cp(kubectl, path.join(own, 'kubectl'))
  env = {
    KUBECONFIG: await writeAdminKubeconfig(cluster.site),
    HOME: folder,
    PATH: `${own}:${process.env.PATH}`,
  }
  for (const each of [
    'istio/admission',
    'istio/gateways/kubernetes',
    'envoy-gateway/gateway',
    'envoy-gateway/admission',
    'envoy-gateway/network',
  ])
    await mustRun(`kubectl apply --server-side -k ${each}`)
})
afterAll(async () => {
  await cluster?.stop()
  await rm(folder, { recursive: true, force: true })
})

/** The folders that the commands name, as the pages describe them. */
async function writeFolders() {
  for (const name of ['deploy', 'istio', 'envoy-gateway'])
    await cp(path.join(ROOT, name), path.join(folder, name), { recursive: true })
  await cp(path.join(ROOT, 'deploy'), path.join(folder, 'kserve-authz/deploy'), { recursive: true })
  const page = await readFile(path.join(ROOT, 'docs/installation.md'), 'utf8')
  await mkdir(path.join(folder, 'my-cluster'))
  for (const name of ['kustomization', 'config']) {
    const block = new RegExp(`\`\`\`yaml\\n( +# my-cluster/${name}\\.yaml[\\s\\S]*?)\\n +\`\`\``)
    const [, text = ''] = block.exec(page) ?? []
    await writeFile(path.join(folder, `my-cluster/${name}.yaml`), text.replaceAll(/^ {3}/gm, ''))
  }
  // istio/README.md: a copy of the example next to it.
  await cp(path.join(ROOT, 'istio/example'), path.join(folder, 'istio/my-overlay'), {
    recursive: true,
  })
}

/** What the pages' commands are about. */
const objects = () => [
  inferenceService('team', 'sklearn-iris', {}),
  inferenceGraph('team', 'chain', {}),
  readerRole('kserve', 'kserve-authz'),
  roleBinding('kserve', 'kserve-authz', 'kserve-authz'),
  {
    ...readerRole('team', 'networks'),
    rules: [{ apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs: ['*'] }],
  },
  roleBinding('team', 'networks', 'networks', { kind: 'User', name: 'ada' }),
  {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'llama3auth-llama3-sa', namespace: 'llm' },
  },
  {
    apiVersion: 'networking.istio.io/v1',
    kind: 'Gateway',
    metadata: { name: 'knative-local-gateway', namespace: 'knative-serving' },
    spec: {
      selector: { istio: 'ingressgateway' },
      servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['*'] }],
    },
  },
]

describe('kubectl, with a real API server', () => {
  it('is on the pages, and most of its commands run here', () => {
    expect(COMMANDS.length).toBeGreaterThan(20)
  })

  it.each(COMMANDS.map(({ page, statement }) => [page, statement] as const))(
    'does what %s says: %s',
    async (_page, statement) => {
      const script = filled(statement)
      const [, denied] = /^denied by (\S+)$/.exec(remarkOf(statement)) ?? []
      const inFolder = script.includes('my-overlay') ? `cd istio && ${script}` : script
      if (denied !== undefined) {
        // An admission policy takes effect a moment after it is written.
        const refused = async () => (await sh(inFolder)).output
        return expect.poll(refused, PATIENCE).toContain(denied)
      }
      // Other commands have deleted some of its objects.
      if (inFolder.includes(' delete -k '))
        await mustRun(inFolder.replace(' delete ', ' apply --server-side --force-conflicts '))
      // `kubectl diff` exits with 1 if there is a difference.
      await mustRun(inFolder, script.includes(' diff ') ? 1 : 0)
    },
  )
})
