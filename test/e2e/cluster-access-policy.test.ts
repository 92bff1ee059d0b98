import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { read, reasonsOf } from '../resources/objects.ts'
import { ACCEPTED, MISSPELT, NULLS } from '../support/access-policies.ts'
import { type Cluster, startCluster } from '../support/cluster.ts'
import { collectionOf, type Written } from '../support/cluster-client.ts'
import { accessPolicyCrd } from '../support/cluster-installation.ts'
import { at, listAt, textAt } from '../support/json.ts'
import { REFUSED } from '../support/refused-access-policies.ts'

const aPolicy = (spec: unknown, name = 'tried'): Written => ({
  apiVersion: 'kserve-authz.io/v1alpha1',
  kind: 'AccessPolicy',
  metadata: { name, namespace: 'default' },
  spec,
})

const POLICIES = collectionOf(aPolicy({}))

let cluster: Cluster
beforeAll(async () => {
  cluster = await startCluster({ crds: [await accessPolicyCrd()] })
})
afterAll(() => cluster.stop())

/** As it would be stored. */
const tried = (spec: unknown, validation = 'Strict') =>
  cluster.call({
    method: 'POST',
    path: `${POLICIES}?dryRun=All&fieldValidation=${validation}`,
    body: aPolicy(spec),
  })

const policyIn = (object: unknown) => {
  const { resource } = read(object)
  return resource.kind === 'policy' ? resource.policy : undefined
}

describe('the API server takes an AccessPolicy', () => {
  it.each(ACCEPTED)('with %s, and it is read as it was written', async (_title, spec) => {
    const { status, body } = await tried(spec)
    expect({ status, message: textAt(body, 'message') }).toEqual({ status: 201, message: '' })
    expect(reasonsOf(read(body))).toEqual([])
    expect(policyIn(body)?.terms).toBeDefined()
    expect(policyIn(body)).toEqual(policyIn(aPolicy(spec)))
  })

  it('without a mode as one that is enforced', async () => {
    const { body } = await tried({})
    expect(at(body, 'spec', 'mode')).toBe('Enforce')
  })
})

describe('the API server refuses an AccessPolicy', () => {
  it.each(REFUSED)('with %s', async (_title, spec, message) => {
    const { status, body } = await tried(spec)
    expect(status).toBe(422)
    expect(textAt(body, 'message')).toMatch(message)
  })

  it('without a spec', async () => {
    const { status, body } = await tried(undefined)
    expect(status).toBe(422)
    expect(textAt(body, 'message')).toMatch(/spec: Required value/)
  })

  it.each(MISSPELT)(
    'with an unknown field %s, where it is asked to be strict',
    async (_title, spec) => {
      const { status, body } = await tried(spec)
      expect(status).toBe(400)
      expect(textAt(body, 'message')).toMatch(/strict decoding error: unknown field/)
    },
  )
})

describe('an AccessPolicy that the API server takes is policy-invalid', () => {
  it.each(NULLS)('with a null for %s', async (_title, spec) => {
    const { status, body } = await tried(spec)
    expect({ status, message: textAt(body, 'message') }).toEqual({ status: 201, message: '' })
    expect(reasonsOf(read(body))).toContain('PolicyInvalid')
    expect(policyIn(body)).toMatchObject({ mode: 'enforce', terms: undefined })
  })
})

describe('an AccessPolicy that no API server has checked is policy-invalid', () => {
  it.each(MISSPELT)('with an unknown field %s', (_title, spec) => {
    expect(policyIn(aPolicy(spec))).toMatchObject({ mode: 'enforce', terms: undefined })
    expect(reasonsOf(read(aPolicy(spec)))).toContain('PolicyInvalid')
  })
})

describe('the definition', () => {
  it('has the same rules for deny and allow', async () => {
    const crd = await accessPolicyCrd()
    const spec = at(crd, 'spec', 'versions', 0, 'schema', 'openAPIV3Schema', 'properties', 'spec')
    expect(at(spec, 'properties', 'deny', 'items')).toEqual(
      at(spec, 'properties', 'allow', 'items'),
    )
  })

  it('keeps no field that it does not describe', async () => {
    expect(JSON.stringify(await accessPolicyCrd())).not.toContain('preserve-unknown')
  })

  it('shows mode and conditions in a list, also under the name ap', async () => {
    await cluster.create(aPolicy({ mode: 'Shadow' }, 'shown'))
    const conditions = [aCondition('Accepted', 'True'), aCondition('Enforced', 'False')]
    await cluster.applyStatus(aPolicy({}, 'shown'), { conditions })
    const { body } = await cluster.call({ path: `${POLICIES}/shown`, accept: AS_TABLE })
    expect(listAt(body, 'columnDefinitions').map((column) => textAt(column, 'name'))).toEqual([
      'Name',
      'Mode',
      'Accepted',
      'Enforced',
      'Age',
    ])
    expect(listAt(body, 'rows', 0, 'cells').slice(0, 4)).toEqual([
      'shown',
      'Shadow',
      'True',
      'False',
    ])
    const kinds = await cluster.get('/apis/kserve-authz.io/v1alpha1')
    expect(listAt(kinds, 'resources', 0, 'shortNames')).toEqual(['ap'])
  })

  it('keeps what is written to the status apart from the rest', async () => {
    await cluster.create(aPolicy({}, 'apart'))
    await cluster.applyStatus(aPolicy({}, 'apart'), {
      conditions: [aCondition('Accepted', 'True')],
    })
    const stored = await cluster.get(`${POLICIES}/apart`)
    expect(at(stored, 'metadata', 'generation')).toBe(1)
    await cluster.patch(aPolicy({}, 'apart'), { status: { conditions: [] }, spec: { deny: [{}] } })
    const changed = await cluster.get(`${POLICIES}/apart`)
    expect(at(changed, 'metadata', 'generation')).toBe(2)
    expect(textAt(changed, 'status', 'conditions', 0, 'status')).toBe('True')
  })
})

const AS_TABLE = 'application/json;as=Table;g=meta.k8s.io;v=v1'

const aCondition = (type: string, status: 'True' | 'False') => ({
  type,
  status,
  reason: 'Tried',
  message: '',
  lastTransitionTime: '2026-11-21T12:00:00Z',
  observedGeneration: 1,
})
