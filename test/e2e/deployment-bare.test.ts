import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Written } from '../../testing/cluster/client.ts'
import { type Cluster, startCluster } from '../../testing/cluster/cluster.ts'
import { renderWith } from '../../testing/deployment/overlay.ts'
import { applyServerSide, found } from '../../testing/deployment/render.ts'
import { at, textAt } from '../../testing/json.ts'

const NAME = 'kserve-authz'

/** The components that need nothing of a cluster but Kubernetes. */
const COMPONENTS = ['autoscaling', 'metrics-auth', 'network-policy', 'priority']

let cluster: Cluster

beforeAll(async () => {
  cluster = await startCluster({ crds: [] })
})
afterAll(() => cluster?.stop())

/** What the API server answers to a pod of the Deployment, under the restricted Pod Security Standard. */
async function podOf(objects: readonly Written[], securityContext: object = {}) {
  const template = at(found(objects, 'Deployment', NAME), 'spec', 'template')
  const spec = Object(at(template, 'spec'))
  await cluster.apply({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: NAME, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
  })
  const { status, body } = await cluster.call({
    method: 'POST',
    path: `/api/v1/namespaces/${NAME}/pods?dryRun=All&fieldValidation=Strict`,
    body: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { ...Object(at(template, 'metadata')), name: NAME },
      spec: { ...spec, securityContext: { ...spec.securityContext, ...securityContext } },
    },
  })
  return [status, textAt(body, 'message')]
}

describe('in a cluster with nothing but Kubernetes,', () => {
  it('deploy/ is applied, and its pods are admitted as restricted', async () => {
    const objects = await renderWith([])
    await applyServerSide(cluster, objects)
    expect(await podOf(objects)).toEqual([201, ''])
  })

  it.each(COMPONENTS)('the component %s is applied, and its pods are admitted', async (name) => {
    const objects = await renderWith([name])
    await applyServerSide(cluster, objects)
    expect(await podOf(objects)).toEqual([201, ''])
  })

  it('all of them are applied together, and again without them', async () => {
    await applyServerSide(cluster, await renderWith(COMPONENTS))
    await applyServerSide(cluster, await renderWith([]))
  })

  it('every object is in the namespace of the service, or in none', async () => {
    const objects = await renderWith(COMPONENTS)
    const namespaces = new Set(objects.map(({ metadata }) => metadata.namespace))
    expect(namespaces).toEqual(new Set([undefined, NAME]))
  })
})

describe('on OpenShift', () => {
  it('a pod sets nothing that restricted-v2 assigns, and is admitted with what it assigns', async () => {
    const objects = await renderWith([])
    const pod = at(found(objects, 'Deployment', NAME), 'spec', 'template', 'spec')
    for (const context of [at(pod, 'securityContext'), at(pod, 'containers', 0, 'securityContext')])
      for (const field of ['runAsUser', 'runAsGroup', 'fsGroup', 'seLinuxOptions'])
        expect(at(context, field), field).toBeUndefined()
    const assigned = {
      runAsUser: 1_000_660_000,
      fsGroup: 1_000_660_000,
      seLinuxOptions: { level: 's0:c26,c5' },
    }
    expect(await podOf(objects, assigned)).toEqual([201, ''])
  })
})

describe('the component autoscaling', () => {
  it('leaves the number of replicas to the autoscaler', async () => {
    const objects = await renderWith(['autoscaling'])
    const deployment = found(objects, 'Deployment', NAME)
    const autoscaler = found(objects, 'HorizontalPodAutoscaler', NAME)
    expect(at(deployment, 'spec', 'replicas')).toBeUndefined()
    expect(at(autoscaler, 'spec', 'scaleTargetRef', 'name')).toBe(NAME)
    expect(Number(at(autoscaler, 'spec', 'minReplicas'))).toBeGreaterThan(1)
    const measured = at(autoscaler, 'spec', 'metrics', 0, 'containerResource', 'container')
    expect(measured).toBe(at(deployment, 'spec', 'template', 'spec', 'containers', 0, 'name'))
  })
})

describe('the component network-policy', () => {
  it('selects the pods of the Deployment and admits to each of its ports', async () => {
    const objects = await renderWith(['network-policy'])
    const template = at(found(objects, 'Deployment', NAME), 'spec', 'template')
    const policy = found(objects, 'NetworkPolicy', NAME)
    const selector = at(policy, 'spec', 'podSelector', 'matchLabels')
    expect(at(template, 'metadata', 'labels')).toMatchObject(Object(selector))
    const ports = [0, 1].flatMap((rule) =>
      [0, 1].map((port) => at(policy, 'spec', 'ingress', rule, 'ports', port, 'port')),
    )
    const open = [0, 1, 2].map((port) =>
      at(template, 'spec', 'containers', 0, 'ports', port, 'containerPort'),
    )
    expect(new Set(ports.filter((port) => port !== undefined))).toEqual(new Set(open))
  })
})
