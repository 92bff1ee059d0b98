import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { casesOf } from '../../testing/cases.ts'
import {
  aKeySecret,
  anInferenceService,
  aPod,
  aRole,
  read,
  readService,
  reasonsOf,
} from '../../testing/objects.ts'

describe('an object', () => {
  it('is in the namespace default if it names none', () => {
    for (const namespace of [undefined, null, '']) {
      const { identity } = read(anInferenceService({ metadata: { namespace } }))
      expect(identity).toBe('InferenceService default/iris')
    }
  })

  it('without a namespace is in none if its kind is cluster-scoped', () => {
    const role = { ...aRole(), kind: 'ClusterRole' }
    expect(read(role)).toMatchObject({
      identity: 'ClusterRole reader',
      resource: { role: { namespace: '' } },
    })
  })

  it.each([
    ['a missing name', { name: undefined }],
    ['a name that is not a text', { name: 5 }],
    ['a name in upper case', { name: 'Iris' }],
    ['a name with a slash', { name: 'a/b' }],
    ['a name that is a path', { name: '..' }],
    ['a name too long', { name: 'a'.repeat(254) }],
    ['a prototype for a name', { name: '__proto__' }],
    ['a namespace with a dot', { namespace: 'a.b' }],
    ['a namespace that is not a text', { namespace: ['team'] }],
    ['labels that are a list', { labels: ['a'] }],
    ['annotations that are text', { annotations: 'enable-auth' }],
  ])('with %s is not read, and is reported', (_title, metadata) => {
    const reading = read(anInferenceService({ metadata }))
    expect(reading).toMatchObject({ identity: undefined, resource: { kind: 'ignored' } })
    expect(reasonsOf(reading)).toEqual(['UnreadableObject'])
  })

  it.each([
    [
      'roles may have colons',
      aRole({ metadata: { name: 'system:node' } }),
      'Role team/system:node',
    ],
    ['roles may be in upper case', aRole({ metadata: { name: 'A b' } }), 'Role team/A b'],
  ])('%s in their names', (_title, object, identity) => {
    expect(read(object).identity).toBe(identity)
  })

  it.each([
    ['no object', 7, ['NotAnObject']],
    ['no kind', { apiVersion: 'v1' }, ['NotAnObject']],
    [
      'one of our kinds in another API group',
      { apiVersion: 'v1', kind: 'InferenceService' },
      ['WrongGroup'],
    ],
    [
      'an unknown kind in our API group',
      { apiVersion: 'serving.kserve.io/v1beta1', kind: 'InferenceServise' },
      ['UnknownKind'],
    ],
    [
      'a kind of KServe without access rules',
      { apiVersion: 'serving.kserve.io/v1alpha1', kind: 'ServingRuntime' },
      [],
    ],
    [
      'a kind of KServe whose annotation protects nothing',
      {
        apiVersion: 'serving.kserve.io/v1alpha1',
        kind: 'ServingRuntime',
        metadata: { name: 'mlserver', annotations: { 'enable-auth': 'true' } },
      },
      ['NotGuarded'],
    ],
    [
      'what KServe makes of a service, with its annotation',
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { annotations: { 'security.opendatahub.io/enable-auth': 'true' } },
      },
      [],
    ],
    ['another kind', { apiVersion: 'apps/v1', kind: 'Deployment' }, []],
    ['a property name of Object.prototype', { apiVersion: 'v1', kind: 'constructor' }, []],
  ])('%s is ignored', (_title, object, reasons) => {
    expect(read(object).resource.kind).toBe('ignored')
    expect(reasonsOf(read(object))).toEqual(reasons)
  })
})

describe('property names of Object.prototype', () => {
  const odd = JSON.parse('{"__proto__": "true", "constructor": "true", "toString": "true"}')

  it('change nothing as labels, annotations or fields', () => {
    const plain = readService(anInferenceService())
    expect(
      readService(anInferenceService({ metadata: { labels: odd, annotations: odd } })),
    ).toEqual(plain)
    expect(readService(anInferenceService({ status: odd, spec: odd }))).toEqual(plain)
  })

  it('add no field to an object without it', () => {
    const inherited = Object.create(anInferenceService())
    expect(reasonsOf(read(inherited))).toEqual(['NotAnObject'])
  })

  it('are ordinary namespaces and names if Kubernetes accepts them', () => {
    const metadata = { namespace: 'constructor', name: 'constructor' }
    expect(read(anInferenceService({ metadata })).identity).toBe(
      'InferenceService constructor/constructor',
    )
  })
})

const KINDS: readonly [apiVersion: string, kind: string][] = [
  ['serving.kserve.io/v1beta1', 'InferenceService'],
  ['serving.kserve.io/v1alpha1', 'InferenceGraph'],
  ['serving.kserve.io/v1alpha1', 'LLMInferenceService'],
  ['v1', 'Pod'],
  ['v1', 'Secret'],
  ['v1', 'ServiceAccount'],
  ['rbac.authorization.k8s.io/v1', 'Role'],
  ['rbac.authorization.k8s.io/v1', 'RoleBinding'],
  ['rbac.authorization.k8s.io/v1', 'ClusterRole'],
  ['rbac.authorization.k8s.io/v1', 'ClusterRoleBinding'],
]

const FIELDS = `
  __proto__ constructor metadata name namespace labels annotations uid spec status url
  address addresses components predictor traffic model data stringData api_key
  api_key_sha256 token type podIPs ip phase rules verbs apiGroups resources aggregationRule
  clusterRoleSelectors key matchLabels matchExpressions values operator roleRef subjects
  kind security.opendatahub.io/enable-auth kserve-authz.io/credential kserve-authz.io/user
`
  .trim()
  .split(/\s+/)

describe('reading', () => {
  it('never throws, whatever the object', () => {
    const odd = fc.dictionary(
      fc.constantFrom(...FIELDS),
      fc.anything({ key: fc.constantFrom(...FIELDS), maxDepth: 3 }),
    )
    const metadata = fc
      .record({ name: fc.constant('x') })
      .chain((named) => odd.map((more) => ({ ...more, ...named })))
    fc.assert(
      fc.property(fc.constantFrom(...KINDS), odd, metadata, ([apiVersion, kind], parts, meta) => {
        expect(() => read({ ...parts, apiVersion, kind })).not.toThrow()
        expect(() => read({ ...parts, apiVersion, kind, metadata: meta })).not.toThrow()
      }),
      { numRuns: casesOf(1_000) },
    )
  })

  it('never throws, whatever the value', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(() => read(value)).not.toThrow()
      }),
    )
  })

  it('never opens a service unless its annotation opens it', () => {
    const metadata = fc.dictionary(fc.constantFrom(...FIELDS), fc.string(), { maxKeys: 4 })
    fc.assert(
      fc.property(metadata, metadata, metadata, (labels, annotations, status) => {
        const value = annotations['security.opendatahub.io/enable-auth']
        fc.pre(value?.trim().toLowerCase() !== 'false')
        const service = anInferenceService({ metadata: { labels, annotations }, status })
        expect(readService(service, { protectByDefault: true }).protection).toBe('protected')
      }),
    )
  })
})

it('reports only the first problems of one object', () => {
  const addresses = Array.from({ length: 100 }, (_, index) => ({ url: `x${index}` }))
  expect(read(anInferenceService({ status: { addresses } })).problems).toHaveLength(16)
})

it('reads fields of a Secret or Pod only from these kinds', () => {
  expect(read({ ...aKeySecret({}), apiVersion: 'example.com/v1' }).resource.kind).toBe('ignored')
  expect(read({ ...aPod(), apiVersion: 'example.com/v1' }).resource.kind).toBe('ignored')
})
