import { expect, it } from 'vitest'
import { createServiceIdentities } from '../../src/app/service-identities.ts'

const IRIS = { kind: 'InferenceService', namespace: 'team', name: 'iris' } as const

it('the object of an event about a service has its uid while the service exists', () => {
  const identities = createServiceIdentities()
  const seen: string[] = []
  const { handler } = identities.following({
    collection: {
      apiVersion: 'serving.kserve.io/v1beta1',
      kind: 'InferenceService',
      namespace: undefined,
      resource: 'inferenceservices',
      paths: ['/apis/serving.kserve.io/v1beta1/inferenceservices'],
      query: {},
      metadataOnly: false,
    },
    handler: {
      put: ({ key }) => seen.push(`put ${key}`),
      remove: (key) => seen.push(`remove ${key}`),
    },
  })
  handler.put({ key: 'team/iris', version: '1', content: { metadata: { uid: 'u1' } } })
  expect(identities.objectOf(IRIS)).toEqual({
    apiVersion: 'serving.kserve.io/v1beta1',
    kind: 'InferenceService',
    metadata: { namespace: 'team', name: 'iris', uid: 'u1' },
  })
  handler.remove('team/iris')
  expect(identities.objectOf(IRIS)).toMatchObject({ metadata: { uid: undefined } })
  expect(seen).toEqual(['put team/iris', 'remove team/iris'])
})
