import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { findIstio } from '../../scripts/istio.ts'
import { type Cluster, startCluster, writeAdminKubeconfig } from '../../testing/cluster/cluster.ts'
import { aNamespace } from '../../testing/cluster/installation.ts'
import { helm, renderChart } from '../../testing/deployment/chart.ts'
import {
  BEFORE,
  bindRole,
  callersToken,
  makeRole,
  protect,
  startBehindEnvoy,
  stopwatch,
} from '../../testing/deployment/first-answers.ts'
import { type BuiltImage, buildOwnImage } from '../../testing/image/own-image.ts'
import { listAt, textAt } from '../../testing/json.ts'
import { installIstioCrds } from '../../testing/mesh/installation.ts'

const NAME = 'kserve-authz'
const ROOT = path.join(import.meta.dirname, '../..')
const PATIENCE = { timeout: 60_000, interval: 10 }
const POLICIES = '/apis/security.istio.io/v1/authorizationpolicies'

let cluster: Cluster
let image: BuiltImage
let env: Readonly<Record<string, string>>
let commands: readonly string[]

beforeAll(async () => {
  const readme = await readFile(path.join(ROOT, 'README.md'), 'utf8')
  const install = readme.split('\n## Install it\n')[1]?.split('\n## ')[0] ?? ''
  const blocks = [...install.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, text = '']) => text)
  commands = blocks.flatMap((block) => block.trim().split('\n')).map((line) => line.trim())
  ;[cluster, image] = await Promise.all([startCluster(), buildOwnImage()])
  const istio = await findIstio((line) => void process.stderr.write(`${line}\n`))
  await installIstioCrds(cluster, istio.crds)
  for (const object of [aNamespace('istio-system'), ...BEFORE]) await cluster.apply(object)
  env = { KUBECONFIG: await writeAdminKubeconfig(cluster.site) }
})
afterAll(async () => {
  await cluster?.stop()
  await image?.remove()
})

/** What kubectl does with each command. Others need nodes, an image registry or a gateway. */
const KUBECTL: Readonly<Record<string, () => Promise<unknown>>> = {
  'kubectl -n team annotate inferenceservice sklearn-iris security.opendatahub.io/enable-auth=true':
    () => protect(cluster),
  'kubectl -n team create role iris-caller --verb=get --resource=inferenceservices.serving.kserve.io --resource-name=sklearn-iris':
    () => makeRole(cluster),
  'kubectl -n team create rolebinding iris-caller --role=iris-caller --serviceaccount=team:default':
    () => bindRole(cluster),
}

const NOT_HERE = /^(?:docker build .* && docker push|kubectl -n kserve-authz rollout status|curl) /

async function run(command: string): Promise<void> {
  const [program, ...args] = command.split(' ')
  if (program === 'helm') await helm(args, {}, env)
  else if (!NOT_HERE.test(command)) {
    const act = KUBECTL[command]
    if (act === undefined) throw new Error(`no test knows this command: ${command}`)
    await act()
  }
}

let passed: ReturnType<typeof stopwatch>

describe('the commands of the README,', () => {
  it('from helm install to helm upgrade, are accepted by a real API server', async () => {
    const steps = commands.filter((command) => command.startsWith('helm '))
    expect(steps.map((step) => step.split(' ')[1])).toEqual(['install', 'upgrade'])
    passed = stopwatch('helm install')
    for (const step of steps) await run(step)
    passed('the end of helm upgrade')
    const policies = listAt(await cluster.get(POLICIES), 'items')
    expect(policies.length).toBeGreaterThan(6)
    const deployment = await cluster.get(`/apis/apps/v1/namespaces/${NAME}/deployments/${NAME}`)
    expect(textAt(deployment, 'spec', 'template', 'spec', 'containers', 0, 'image')).toMatch(
      /^registry\.example\.com\/kserve-authz:\d/,
    )
  })

  it('that protect a model lead to 401 without a credential and to 200 with a token', async () => {
    const objects = await renderChart({ preset: 'istio', istio: { modelNamespaces: ['team'] } })
    const { status, stop } = await startBehindEnvoy(cluster, image, objects)
    onTestFinished(stop)
    expect(await status()).toBe(200)
    const steps = commands.filter((command) => !command.startsWith('helm '))
    expect(steps.length).toBeGreaterThan(4)
    for (const step of steps) await run(step)
    await expect.poll(() => status(), PATIENCE).toBe(401)
    passed('the first 401')
    const token = await callersToken(cluster)
    await expect.poll(() => status(token), PATIENCE).toBe(200)
    passed('the first 200 with a token')
  })
})
