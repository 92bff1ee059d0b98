import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../../scripts/child.ts'
import { collectionOf, type Written } from '../../testing/cluster/client.ts'
import { type Cluster, startCluster } from '../../testing/cluster/cluster.ts'
import { accessPolicyCrd, admission } from '../../testing/cluster/installation.ts'
import { at, listAt, textAt } from '../../testing/json.ts'
import { read, reasonsOf } from '../../testing/objects.ts'
import { ACCEPTED, MISSPELT, NULLS } from '../../testing/policies/access-policies.ts'
import { REFUSED } from '../../testing/policies/refused-access-policies.ts'

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

/** The object as the API server would store it. */
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

describe('the API server accepts an AccessPolicy', () => {
  it.each(ACCEPTED)('with %s, and it is read as it was written', async (_title, spec) => {
    const { status, body } = await tried(spec)
    expect({ status, message: textAt(body, 'message') }).toEqual({ status: 201, message: '' })
    expect(reasonsOf(read(body))).toEqual([])
    expect(policyIn(body)?.terms).toBeDefined()
    expect(policyIn(body)).toEqual(policyIn(aPolicy(spec)))
  })

  it('without a mode, which means enforced', async () => {
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
})

describe('an AccessPolicy accepted by the API server is policy-invalid', () => {
  it.each(NULLS)('with a null for %s', async (_title, spec) => {
    const { status, body } = await tried(spec)
    expect({ status, message: textAt(body, 'message') }).toEqual({ status: 201, message: '' })
    expect(reasonsOf(read(body))).toContain('PolicyInvalid')
    expect(policyIn(body)).toMatchObject({ mode: 'enforce', terms: undefined })
  })

  // If such fields were dropped, a rule with only a misspelt part would match everybody.
  it.each(MISSPELT)('with an unknown field %s, which is kept', async (_title, spec) => {
    for (const validation of ['Strict', 'Warn', 'Ignore']) {
      const { status, body } = await tried(spec, validation)
      expect({ status, message: textAt(body, 'message') }).toEqual({ status: 201, message: '' })
      expect(policyIn(body)).toMatchObject({ mode: 'enforce', terms: undefined })
    }
  })

  it('with an unknown field outside the spec', async () => {
    const body = { ...aPolicy({}), allow: [] }
    const answer = await cluster.call({ method: 'POST', path: `${POLICIES}?dryRun=All`, body })
    expect(answer.status).toBe(201)
    expect(policyIn(answer.body)).toMatchObject({ mode: 'enforce', terms: undefined })
  })
})

describe('with deploy/admission.yaml the API server', () => {
  beforeAll(async () => {
    await cluster.create(aPolicy({ allow: [{}] }, 'before'))
    for (const object of await admission()) await cluster.apply(object)
    await until('misspelt fields are refused', async () =>
      (await tried({ alow: [] })).status === 422 ? true : undefined,
    )
  })

  it.each(MISSPELT)('refuses an unknown field %s', async (_title, spec) => {
    const { status, body } = await tried(spec, 'Ignore')
    expect({ status, message: textAt(body, 'message') }).toEqual({
      status: 422,
      message: expect.stringMatching(
        / has an unknown field "\w+": it (may have [\w, ]+|has no fields)$/,
      ),
    })
    const [, field = ''] = / has an unknown field "(\w+)"/.exec(textAt(body, 'message')) ?? []
    expect(JSON.stringify(spec)).toContain(`"${field}":`)
    const [problem = ''] = read(aPolicy(spec)).problems.map(({ message }) => message)
    expect(problem).toContain(`"${field}"`)
  })

  it('says what the spec may have', async () => {
    const { body } = await tried({ alow: [] }, 'Ignore')
    expect(textAt(body, 'message')).toContain(
      'spec has an unknown field "alow": it may have targetRefs, mode, authentication, deny, allow, exclusions, headers',
    )
  })

  it('refuses one outside the spec, and one added by an update', async () => {
    const body = { ...aPolicy({}), allow: [] }
    const answer = await cluster.call({ method: 'POST', path: `${POLICIES}?dryRun=All`, body })
    expect(answer.status).toBe(422)
    const changed = cluster.patch(aPolicy({}, 'before'), { spec: { allow: [{ frm: [] }] } })
    await expect(changed).rejects.toThrow('a rule has an unknown field')
  })

  it('accepts more than the service reads', async () => {
    const source = { users: ['a'], groups: ['b'], claims: { c: ['d'] }, apiKeys: {} }
    const rule = { from: Array(16).fill(source), to: Array(8).fill({ methods: ['GET'] }) }
    const rules = Array(128).fill(rule)
    const { status, body } = await tried({ deny: rules, allow: rules })
    expect({ status, message: textAt(body, 'message') }).toEqual({ status: 201, message: '' })
  })

  it.each([...ACCEPTED, ...NULLS])('accepts %s', async (_title, spec) => {
    const { status, body } = await tried(spec)
    expect({ status, message: textAt(body, 'message') }).toEqual({ status: 201, message: '' })
  })
})

describe('an AccessPolicy that no API server has validated is policy-invalid', () => {
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

  it('keeps unknown fields wherever it declares some, except in the status', async () => {
    const crd = await accessPolicyCrd()
    const root = at(crd, 'spec', 'versions', 0, 'schema', 'openAPIV3Schema')
    const { status, metadata: _, ...properties } = Object(at(root, 'properties'))
    const kept = schemasIn({ ...Object(root), properties }).map((schema) => at(schema, KEEPS))
    expect(new Set(kept)).toEqual(new Set([true]))
    expect(kept.length).toBeGreaterThan(15)
    expect(JSON.stringify(status)).not.toContain(KEEPS)
  })

  it('shows mode and conditions in a list, also by the short name ap', async () => {
    await cluster.create(aPolicy({ mode: 'Shadow' }, 'shown'))
    const conditions = [
      aCondition('Accepted', 'True'),
      aCondition('Enforced', 'False'),
      aCondition('ResolvedRefs', 'True'),
    ]
    await cluster.applyStatus(aPolicy({}, 'shown'), { conditions })
    const { body } = await cluster.call({ path: `${POLICIES}/shown`, accept: AS_TABLE })
    expect(listAt(body, 'columnDefinitions').map((column) => textAt(column, 'name'))).toEqual([
      'Name',
      'Mode',
      'Accepted',
      'Enforced',
      'ResolvedRefs',
      'Age',
    ])
    expect(listAt(body, 'rows', 0, 'cells').slice(0, 5)).toEqual([
      'shown',
      'Shadow',
      'True',
      'False',
      'True',
    ])
    const kinds = await cluster.get('/apis/kserve-authz.io/v1alpha1')
    expect(listAt(kinds, 'resources', 0, 'shortNames')).toEqual(['ap'])
  })

  it('has a status subresource', async () => {
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

const KEEPS = 'x-kubernetes-preserve-unknown-fields'

/** The schemas of objects with declared fields, at any depth; names of map entries are arbitrary. */
const schemasIn = (schema: unknown): readonly unknown[] => {
  const { type, properties, items, additionalProperties } = Object(schema)
  const inner = [...Object.values(Object(properties)), items, additionalProperties]
  const own = type === 'object' && additionalProperties === undefined ? [schema] : []
  return [...own, ...inner.filter((each) => each !== undefined).flatMap(schemasIn)]
}

const AS_TABLE = 'application/json;as=Table;g=meta.k8s.io;v=v1'

const aCondition = (type: string, status: 'True' | 'False') => ({
  type,
  status,
  reason: 'Tried',
  message: '',
  lastTransitionTime: '2026-11-21T12:00:00Z',
  observedGeneration: 1,
})
