import { readFile } from 'node:fs/promises'
import { loadAll } from 'js-yaml'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../../scripts/child.ts'
import { findEnvoyGateway } from '../../scripts/envoy-gateway.ts'
import { collectionOf, pathOf, type Written } from '../../testing/cluster/client.ts'
import { type Cluster, startCluster } from '../../testing/cluster/cluster.ts'
import { aNamespace, writtenOf } from '../../testing/cluster/installation.ts'
import { REFUSED, TAKEN } from '../../testing/envoy-gateway/guarded.ts'
import { shippedObjects } from '../../testing/envoy-gateway/objects.ts'
import { listAt, textAt } from '../../testing/json.ts'

const KINDS =
  /^(?:securitypolicies|backends|envoypatchpolicies|envoyextensionpolicies|envoyproxies|httproutes|grpcroutes|referencegrants|backendtlspolicies)\./

let cluster: Cluster
beforeAll(async () => {
  const { crds } = await findEnvoyGateway((line) => void process.stderr.write(`${line}\n`))
  const documents: unknown[] = loadAll(await readFile(crds, 'utf8'))
  const wanted = documents.filter((each) => KINDS.test(textAt(each, 'metadata', 'name')))
  expect(wanted).toHaveLength(9)
  cluster = await startCluster()
  for (const crd of wanted.map(writtenOf)) await cluster.installCrd(crd)
  for (const name of ['envoy-gateway-system', 'kserve', 'kserve-authz', 'team'])
    await cluster.apply(aNamespace(name))
  for (const object of await shippedObjects('admission')) await cluster.apply(object)
  // The API server needs a moment to load them.
  for (const [name, [first]] of Object.entries(REFUSED))
    await until(`${name} is not in force`, async () =>
      first !== undefined && (await admissionOf(first[1])).includes(name) ? true : undefined,
    )
})
afterAll(() => cluster?.stop())

/** The API server's objection to an object; nothing if it would accept it. */
async function admissionOf(object: Written, token?: string): Promise<string> {
  const path = `${collectionOf(object)}?dryRun=All`
  const { status, body } = await cluster.call({ method: 'POST', path, body: object, ...as(token) })
  return status === 201 ? '' : textAt(body, 'message')
}

const as = (token: string | undefined) => (token === undefined ? {} : { token })

describe.each(Object.entries(REFUSED))('%s refuses', (policy, rows) => {
  it.each(rows)('%s', async (_title, object) => {
    const message = await admissionOf(object)
    expect(message).toContain(`ValidatingAdmissionPolicy '${policy}'`)
    // An expression that fails also refuses.
    expect(message).not.toContain('expression')
  })
})

it('every rule of envoy-gateway/admission/ refuses something', async () => {
  const rows = Object.values(REFUSED).flat()
  const told = await Promise.all(rows.map(([, object]) => admissionOf(object)))
  const rules = (await shippedObjects('admission')).flatMap((object) =>
    listAt(object, 'spec', 'validations').map((rule) => textAt(rule, 'message')),
  )
  expect(rules).toHaveLength(8)
  expect(rules.filter((rule) => !told.some((message) => message.includes(rule)))).toEqual([])
})

describe('envoy-gateway/admission/ accepts', () => {
  it.each(TAKEN)('%s', async (_title, object) => {
    expect(await admissionOf(object)).toBe('')
  })

  it('every shipped object of envoy-gateway/', async () => {
    for (const object of await shippedObjects('gateway', 'access-log', 'network'))
      expect(await admissionOf(object), object.metadata.name).toBe('')
  })
})

describe('in a namespace with models', () => {
  const POD: Written = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: 'models', name: 'iris-predictor-0' },
    spec: { containers: [{ name: 'kserve-container', image: 'model-server:demo' }] },
  }
  const aNetworkPolicy = (name: string, spec: object): Written => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { namespace: 'models', name },
    spec: { podSelector: {}, policyTypes: ['Ingress'], ...spec },
  })
  let shipped: Written
  let tenant: string

  beforeAll(async () => {
    const labels = { 'kserve-authz.io/models': 'true' }
    const namespace = aNamespace('models')
    await cluster.apply({ ...namespace, metadata: { ...namespace.metadata, labels } })
    for (const name of ['default', 'tenant'])
      await cluster.apply({
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { namespace: 'models', name },
      })
    const objects = await shippedObjects('network')
    const [policy] = objects.filter(({ kind }) => kind === 'NetworkPolicy')
    if (policy === undefined) throw new Error('no NetworkPolicy is shipped')
    shipped = { ...policy, metadata: { ...policy.metadata, namespace: 'models' } }
    for (const object of objects) if (object !== policy) await cluster.apply(object)
    await cluster.apply({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'tenant' },
      rules: [{ apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs: ['*'] }],
    })
    await cluster.apply({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'tenant' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'tenant' },
      subjects: [{ kind: 'ServiceAccount', namespace: 'models', name: 'tenant' }],
    })
    tenant = await cluster.tokenFor('models', 'tenant')
    await until('the policy of pods is not in force', async () =>
      (await admissionOf(POD)).includes('network.kserve-authz.io') ? true : undefined,
    )
  })

  it('a pod is accepted only if the NetworkPolicy exists', async () => {
    expect(await admissionOf(POD)).toContain('network.kserve-authz.io')
    await cluster.apply(shipped)
    await expect.poll(() => admissionOf(POD), { timeout: 60_000 }).toBe('')
  })

  it('a NetworkPolicy of this name that selects fewer pods does not count', async () => {
    const podSelector = { matchLabels: { a: 'b' } }
    await cluster.apply({ ...shipped, spec: { podSelector, policyTypes: ['Ingress'] } })
    const message = 'the NetworkPolicy kserve-authz-models does not select every pod'
    await expect.poll(() => admissionOf(POD), { timeout: 60_000 }).toContain(message)
    await cluster.apply(shipped)
    await expect.poll(() => admissionOf(POD), { timeout: 60_000 }).toBe('')
  })

  it('a tenant can neither remove it nor add one that admits callers', async () => {
    const gone = await cluster.call({
      method: 'DELETE',
      path: `${pathOf(shipped)}?dryRun=All`,
      token: tenant,
    })
    expect(textAt(gone.body, 'message')).toContain('keeps callers behind the gateway')
    const open = aNetworkPolicy('open', { ingress: [{}] })
    expect(await admissionOf(open, tenant)).toContain('lets callers reach models past the gateway')
    expect(await admissionOf(aNetworkPolicy('closed', {}), tenant)).toBe('')
    expect(await admissionOf(open)).toBe('')
  })
})
