import { until } from '../../scripts/child.ts'
import { type Asked, type Verdict, verdictOf } from '../../testing/cluster/asking.ts'
import { pathOf, type Ref } from '../../testing/cluster/client.ts'
import type { Cluster } from '../../testing/cluster/cluster.ts'
import { CRDS } from '../../testing/cluster/crds.ts'
import { keySecret, llmInferenceService, pod, runningAt } from '../../testing/cluster/objects.ts'
import { inferenceService } from '../../testing/cluster/rbac.ts'
import type { ClusterService } from '../../testing/cluster/service.ts'

export type World = { readonly cluster: Cluster; readonly service: ClusterService }

/** Changes, made one after another. */
export type Change = {
  readonly titles: readonly string[]
  /**
   * Resolves with the milliseconds between the API server's reply to each change and the first answer of the service
   * that follows it.
   */
  readonly once: (world: World, count: number) => Promise<readonly number[]>
}

const PATIENCE_MS = 30_000
const LABEL = 'kserve-authz.io/credential'
const ENABLE_AUTH = 'security.opendatahub.io/enable-auth'

/** Makes a change, then asks without a pause until the answer is the expected one. */
async function waitFor(
  change: () => Promise<unknown>,
  verdict: Verdict,
  ask: () => Promise<Verdict>,
): Promise<number> {
  await change()
  const begun = performance.now()
  for (;;) {
    const given = await ask()
    const waited = performance.now() - begun
    if (given === verdict) return waited
    if (waited > PATIENCE_MS) throw new Error(`still ${given}, not ${verdict}`)
  }
}

const atGateway = ({ service }: World, asked: Asked) => verdictOf(service.gateway, asked)
const base64 = (text: string) => Buffer.from(text).toString('base64')

const SECRET: Change = {
  titles: [
    'Secret created',
    'Secret changed',
    'label restored',
    'label put back',
    'Secret deleted',
  ],
  once: async (world, count) => {
    const [key, next] = [`a-key-of-many-bytes-${count}`, `another-key-of-bytes-${count}`]
    const secret = keySecret('team', `key-${count}`, key)
    const { create, patch, delete: remove } = world.cluster
    const label = (value: string | null) =>
      patch(secret, { metadata: { labels: { [LABEL]: value } } })
    const ask = () => atGateway(world, { token: next })
    const old = () => atGateway(world, { token: key })
    return [
      await waitFor(() => create(secret), 'allow', old),
      await waitFor(() => patch(secret, { data: { api_key: base64(next) } }), 'allow', ask),
      await waitFor(() => label(null), 'unknown-api-key', ask),
      await waitFor(() => label('api-key'), 'allow', ask),
      await waitFor(() => remove(secret), 'unknown-api-key', ask),
    ]
  },
}

const ANNOTATION: Change = {
  titles: ['annotation set', 'annotation changed', 'annotation set again', 'annotation removed'],
  once: async (world) => {
    const wine = inferenceService('team', 'wine')
    const ask = () => atGateway(world, { host: 'wine.team.svc' })
    const annotate = (value: string | null) => () =>
      world.cluster.patch(wine, { metadata: { annotations: { [ENABLE_AUTH]: value } } })
    return [
      await waitFor(annotate('true'), 'missing-credential', ask),
      await waitFor(annotate('false'), 'allow', ask),
      await waitFor(annotate('true'), 'missing-credential', ask),
      await waitFor(annotate(null), 'allow', ask),
    ]
  },
}

const POD: Change = {
  titles: ['pod created', 'pod deleted', 'address reused by another service'],
  once: async (world, count) => {
    const { create, applyStatus, delete: remove } = world.cluster
    const ip = `10.${20 + Math.trunc(count / 250)}.0.${1 + (count % 250)}`
    const [iris, wine] = ['iris', 'wine'].map((name) =>
      pod('team', `${name}-${count}`, { service: name }),
    )
    if (iris === undefined || wine === undefined) throw new Error('two pods')
    const ask = () => verdictOf(world.service.workload, { host: ip, pod: ip })
    await create(iris)
    await create(wine)
    const waits = [
      await waitFor(() => applyStatus(iris, runningAt(ip)), 'missing-credential', ask),
      await waitFor(() => remove(iris), 'unknown-target', ask),
      await waitFor(() => applyStatus(wine, runningAt(ip)), 'allow', ask),
    ]
    await remove(wine)
    return waits
  },
}

export const CHANGES: readonly Change[] = [SECRET, ANNOTATION, POD]

/** Measured from the moment the API server serves the kind. */
export const LATE_KIND: Change = {
  titles: ['a kind installed late'],
  once: async ({ cluster, service }, count) => {
    const crd = CRDS.LLMInferenceService
    const asked = { host: 'gateway.example.com', path: `/team/chat-${count}/v1` }
    const ask = () => verdictOf(service.gateway, asked)
    await cluster.installCrd(crd)
    const chat = llmInferenceService('team', `chat-${count}`, 'llama')
    const waited = await waitFor(() => cluster.create(chat), 'missing-credential', ask)
    await cluster.delete(crd)
    await waitFor(() => gone(cluster, crd), 'unknown-target', ask)
    return [waited]
  },
}

/** The API server takes some time to remove a kind. */
const gone = ({ call }: Cluster, object: Ref) =>
  until(
    'a kind still exists',
    async () => ((await call({ path: pathOf(object) })).status === 404 ? true : undefined),
    { deadlineMs: PATIENCE_MS },
  )
