import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../../scripts/child.ts'
import type { CheckRequest } from '../../src/envoy/messages.ts'
import { pathOf, type Written } from '../../testing/cluster/client.ts'
import { type Cluster, startCluster } from '../../testing/cluster/cluster.ts'
import { CRDS } from '../../testing/cluster/crds.ts'
import { accessPolicyCrd, aNamespace, install } from '../../testing/cluster/installation.ts'
import { type ClusterService, startClusterService } from '../../testing/cluster/service.ts'
import { at, listAt, textAt } from '../../testing/json.ts'

const TEAM = 'team'

function aService(name: string, annotations: object = {}): Written {
  const metadata = { name, namespace: TEAM, annotations }
  return { apiVersion: 'serving.kserve.io/v1beta1', kind: 'InferenceService', metadata, spec: {} }
}
const PROTECTED = { 'security.opendatahub.io/enable-auth': 'true' }

const aPolicy = (name: string, service: string, spec: object = {}): Written => ({
  apiVersion: 'kserve-authz.io/v1alpha1',
  kind: 'AccessPolicy',
  metadata: { name, namespace: TEAM },
  spec: {
    targetRefs: [{ group: 'serving.kserve.io', kind: 'InferenceService', name: service }],
    ...spec,
  },
})

const asked = (service: string, token?: string): CheckRequest => ({
  attributes: {
    request: {
      http: {
        method: 'POST',
        path: '/v1/models/m:predict',
        host: `${service}.${TEAM}.svc.cluster.local`,
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      },
    },
  },
})

let cluster: Cluster
let replicas: ClusterService[] = []
beforeAll(async () => {
  cluster = await startCluster({ crds: [...Object.values(CRDS), await accessPolicyCrd()] })
  await cluster.create(aNamespace(TEAM))
  await cluster.create({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'reader', namespace: TEAM },
  })
  const kubeconfig = await install(cluster)
  replicas = await Promise.all([1, 2].map(() => startClusterService({ kubeconfig })))
  for (const replica of replicas) await replica.ready()
})
afterAll(async () => {
  for (const replica of replicas) await replica.stop()
  await cluster.stop()
})

const service = (): ClusterService => {
  const [first] = replicas
  if (first === undefined) throw new Error('a replica')
  return first
}

/** The reason of the first replica's answer; `''` if it allows. */
async function reasonFor(name: string, token?: string): Promise<string> {
  const { denied_response: denied } = await service().gateway.check(asked(name, token))
  const header = denied?.headers?.find(({ header }) => header.key === 'x-ext-auth-reason')
  return header?.header.value ?? ''
}

const untilReason = (name: string, wanted: (reason: string) => boolean, token?: string) =>
  until(`another answer for ${name}`, async () =>
    wanted(await reasonFor(name, token)) ? true : undefined,
  )

/** Status and reason of all conditions, once they are for this generation. */
const statusOf = (policy: Written, generation = 1) =>
  until(`the status of ${policy.metadata.name}`, async () => {
    const conditions = listAt(await cluster.get(pathOf(policy)), 'status', 'conditions')
    const current = conditions.every((each) => at(each, 'observedGeneration') === generation)
    return conditions.length === 3 && current
      ? conditions.map((each) => `${textAt(each, 'status')} ${textAt(each, 'reason')}`)
      : undefined
  })

describe('audiences of a policy', () => {
  it('must match the token, even if it was accepted elsewhere', async () => {
    await cluster.create(aService('usual', PROTECTED))
    await cluster.create(aService('own', PROTECTED))
    const anybody = { allow: [{}] }
    const authentication = { kubernetes: { audiences: ['models'] } }
    await cluster.create(aPolicy('usual', 'usual', anybody))
    await cluster.create(aPolicy('own', 'own', { ...anybody, authentication }))
    const [installed, own] = await Promise.all([
      cluster.tokenFor(TEAM, 'reader'),
      cluster.tokenFor(TEAM, 'reader', { audiences: ['models'] }),
    ])
    await untilReason('usual', (reason) => reason === '', installed)
    await untilReason('own', (reason) => reason === '', own)
    for (let times = 0; times < 2; times += 1) {
      expect(await reasonFor('usual', own)).toMatch(/audience/)
      expect(await reasonFor('own', installed)).toMatch(/audience/)
      expect(await reasonFor('usual', installed)).toBe('')
      expect(await reasonFor('own', own)).toBe('')
    }
  })
})

describe('a policy with a misspelt part of a rule', () => {
  it('closes its service: it does not admit everybody', async () => {
    await cluster.create(aService('misspelt', PROTECTED))
    const rule = { frm: [{ serviceAccounts: [`${TEAM}/nobody`] }] }
    await cluster.create(aPolicy('misspelt', 'misspelt', { allow: [rule] }))
    const token = await cluster.tokenFor(TEAM, 'reader')
    await untilReason('misspelt', (reason) => /policy/.test(reason), token)
  })
})

describe('a service in shadow', () => {
  it('admits everybody, and reports whom it would deny', async () => {
    await cluster.create(aService('tried', { ...PROTECTED, 'kserve-authz.io/mode': 'shadow' }))
    await untilReason('tried', (reason) => reason === '')
    const line = await until('a line of the decision log', async () =>
      service().decisions.find(
        (each) => at(each, 'name') === 'tried' && at(each, 'shadowDecision'),
      ),
    )
    expect(line).toMatchObject({
      decision: 'allow',
      shadowDecision: 'deny',
      shadowReason: 'missing-credential',
    })
    expect((await service().read('/metrics')).text).toContain(
      'kserve_authz_shadow_checks_total{namespace="team",name="tried",decision="deny",reason="missing-credential",credential_kind="none"}',
    )
  })
})

describe('the status of a policy', () => {
  it.each<[title: string, service: string, spec: object, status: readonly string[]]>([
    ['in force', 'stated', {}, ['True Accepted', 'True Enforced', 'True ResolvedRefs']],
    [
      'in shadow',
      'stated',
      { mode: 'Shadow' },
      ['True Accepted', 'False Shadow', 'True ResolvedRefs'],
    ],
    [
      'for no service',
      'nowhere',
      {},
      ['False TargetNotFound', 'False NotAccepted', 'True ResolvedRefs'],
    ],
    [
      'that is unreadable',
      'stated',
      { allow: null },
      ['False Invalid', 'False NotAccepted', 'False NotAccepted'],
    ],
    [
      'that is misspelt',
      'misspelt',
      { allow: [{ frm: [{ users: ['ada'] }] }] },
      ['False Invalid', 'False NotAccepted', 'False NotAccepted'],
    ],
    [
      'with an unknown provider',
      'stated',
      { authentication: { jwt: [{ provider: 'nobody' }] } },
      ['True Accepted', 'True Enforced', 'False UnknownProvider'],
    ],
    [
      'for an open service',
      'opened',
      {},
      ['True Accepted', 'False Overridden', 'True ResolvedRefs'],
    ],
  ])('%s is reported', async (title, name, spec, status) => {
    await cluster.apply(aService('stated'))
    await cluster.apply(aService('opened', { 'security.opendatahub.io/enable-auth': 'false' }))
    const policy = aPolicy(title.replaceAll(' ', '-'), name, spec)
    await cluster.create(policy)
    expect(await statusOf(policy)).toEqual(status)
  })

  it('says that all policies of a service together exceed the limit, so that it denies everybody', async () => {
    await cluster.create(aService('crowded', PROTECTED))
    const token = await cluster.tokenFor(TEAM, 'reader')
    const source = { users: Array.from({ length: 64 }, (_, index) => `user-${index}`) }
    const rule = { from: Array.from({ length: 16 }, () => source) }
    const policies = ['one', 'two', 'three'].map((name) =>
      aPolicy(`crowded-${name}`, 'crowded', { deny: [rule, rule, rule], allow: [{}] }),
    )
    const [last, ...others] = policies
    if (last === undefined) throw new Error('a policy')
    for (const policy of others) await cluster.create(policy)
    await untilReason('crowded', (reason) => reason === '', token)
    await cluster.create(last)
    await untilReason('crowded', (reason) => /policy/.test(reason), token)
    for (const policy of policies) {
      await until('TooLarge', async () =>
        (await statusOf(policy)).includes('False TooLarge') ? true : undefined,
      )
    }
    await cluster.delete(last)
    await untilReason('crowded', (reason) => reason === '', token)
    for (const policy of others) {
      await until('Enforced', async () =>
        (await statusOf(policy)).includes('True Enforced') ? true : undefined,
      )
    }
  })

  it('follows the policy and its services', async () => {
    const policy = aPolicy('followed', 'later')
    await cluster.create(policy)
    expect(await statusOf(policy)).toEqual([
      'False TargetNotFound',
      'False NotAccepted',
      'True ResolvedRefs',
    ])
    await cluster.create(aService('later'))
    await until('the service to be found', async () =>
      (await statusOf(policy)).includes('True Enforced') ? true : undefined,
    )
    await cluster.patch(policy, { spec: { mode: 'Shadow' } })
    expect(await statusOf(policy, 2)).toEqual([
      'True Accepted',
      'False Shadow',
      'True ResolvedRefs',
    ])
  })

  it('is written once, by one replica or by two', async () => {
    const policy = aPolicy('counted', 'stated')
    const created = await cluster.create(policy)
    const version = textAt(created, 'metadata', 'resourceVersion')
    const collection = pathOf(policy).replace(/\/counted$/, '')
    const watched = cluster.call({
      path: `${collection}?watch=1&resourceVersion=${version}&timeoutSeconds=4&fieldSelector=metadata.name=counted`,
    })
    await statusOf(policy)
    const { body } = await watched
    const events = typeof body === 'string' ? body.trim().split('\n') : [JSON.stringify(body)]
    expect(events[0]).toContain('MODIFIED')
    // At most two: if both wrote before one saw the other's, in two different seconds.
    expect(events.length).toBeLessThanOrEqual(2)
    const managers = listAt(await cluster.get(pathOf(policy)), 'metadata', 'managedFields')
    const ofStatus = managers.filter((each) => textAt(each, 'subresource') === 'status')
    expect(ofStatus.map((each) => textAt(each, 'manager'))).toEqual(['kserve-authz'])
  })
})
