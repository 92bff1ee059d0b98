import { describe, expect, it } from 'vitest'
import { aCaller } from '../../../testing/builders.ts'
import { at } from '../../../testing/json.ts'
import { DENIED, iris, reviews } from './reviewing.ts'

describe('a SubjectAccessReview', () => {
  it('contains the whole caller and the service, and nothing from the client', async () => {
    const { permits, requests } = reviews()
    const caller = aCaller({ extra: { scopes: ['a', 'b'] } })
    await permits(caller, iris)
    expect(requests.map(({ body }) => body)).toEqual([
      {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        spec: {
          user: 'system:serviceaccount:team:reader',
          groups: ['system:serviceaccounts', 'system:authenticated'],
          uid: 'uid-1',
          extra: { scopes: ['a', 'b'] },
          resourceAttributes: {
            verb: 'get',
            group: 'serving.kserve.io',
            resource: 'inferenceservices',
            namespace: 'team',
            name: 'iris',
          },
        },
      },
    ])
  })

  it('asks for a path as such', async () => {
    const { permitsPath, requests } = reviews()
    expect(await permitsPath(aCaller(), '/metrics')).toBe('yes')
    const spec = at(requests[0]?.body, 'spec')
    expect(at(spec, 'nonResourceAttributes')).toEqual({ verb: 'get', path: '/metrics' })
    expect(spec).not.toHaveProperty('resourceAttributes')
    await permitsPath(aCaller(), '/metrics')
    expect(requests).toHaveLength(1)
  })

  it.each([
    ['InferenceService', 'inferenceservices'],
    ['InferenceGraph', 'inferencegraphs'],
    ['LLMInferenceService', 'llminferenceservices'],
  ] as const)('asks for an %s as %s', async (kind, resource) => {
    const { permits, requests } = reviews()
    await permits(aCaller({ uid: undefined }), { ...iris, kind })
    expect(at(requests[0]?.body, 'spec', 'resourceAttributes', 'resource')).toBe(resource)
    expect(at(requests[0]?.body, 'spec')).not.toHaveProperty('uid')
  })

  it.each([
    ['that allows is a yes', { allowed: true }, 'yes'],
    [
      'that allows in spite of an evaluation error is a yes',
      { allowed: true, evaluationError: 'e' },
      'yes',
    ],
    ['that does not allow is a no', { allowed: false, reason: 'RBAC: nothing' }, 'no'],
    ['without `allowed` is a no', {}, 'no'],
    ['that allows in a text is a no', { allowed: 'true' }, 'no'],
    ['that allows and denies is a no', { allowed: true, denied: true }, 'no'],
    ['that denies in spite of an error is a no', { denied: true, evaluationError: 'e' }, 'no'],
    ['with a failed authorizer is no answer', { evaluationError: 'e' }, 'unavailable'],
    ['without a status is no answer', undefined, 'unavailable'],
    ['that failed is no answer', 'Failure', 'unavailable'],
  ])('%s', async (_title, status, permission) => {
    expect(await reviews(() => ({ status })).permits(aCaller(), iris)).toBe(permission)
  })
})

describe('permissions in several namespaces', () => {
  const readerOf = (index: number) => aCaller({ user: `system:serviceaccount:evil:r${index}` })

  it('are cached for each of them, however many another one needs', async () => {
    const { permits, requests } = reviews()
    for (let index = 0; index < 100; index += 1) await permits(readerOf(index), iris)
    const other = { ...iris, namespace: 'evil' }
    for (let index = 0; index < 60_000; index += 1) await permits(readerOf(index), other)
    const before = requests.length
    for (let index = 0; index < 100; index += 1) await permits(readerOf(index), iris)
    expect(requests.length).toBe(before)
  })
})

describe('a permission is known without a question', () => {
  it('once it is granted, until RBAC changes', async () => {
    const { permits, grants, change, requests } = reviews()
    expect(grants(aCaller(), iris)).toBe(false)
    await permits(aCaller(), iris)
    expect(grants(aCaller(), iris)).toBe(true)
    expect(grants(aCaller({ user: 'another' }), iris)).toBe(false)
    change()
    expect(grants(aCaller(), iris)).toBe(false)
    expect(requests).toHaveLength(1)
  })

  it('not if it is refused', async () => {
    const { permits, grants } = reviews(() => DENIED)
    await permits(aCaller(), iris)
    expect(grants(aCaller(), iris)).toBe(false)
  })
})
