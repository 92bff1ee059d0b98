import { expect, it } from 'vitest'
import { createGuardFacts } from '../../../src/kubernetes/status/guard-facts.ts'

const IRIS = { kind: 'InferenceService', namespace: 'team', name: 'iris' } as const

it('the object of an event about a service has its uid while the service exists', () => {
  const facts = createGuardFacts({ read: () => 'yes' })
  const seen: (string | undefined)[] = []
  const handler = facts.handlerOf(
    {
      apiVersion: 'serving.kserve.io/v1beta1',
      kind: 'InferenceService',
      namespace: undefined,
      resource: 'inferenceservices',
      paths: ['/apis/serving.kserve.io/v1beta1/inferenceservices'],
      query: {},
      metadataOnly: false,
    },
    (namespace) => seen.push(namespace),
  )
  handler?.put({ key: 'team/iris', version: '1', content: { metadata: { uid: 'u1' } } })
  expect(facts.objectOf(IRIS)).toEqual({
    apiVersion: 'serving.kserve.io/v1beta1',
    kind: 'InferenceService',
    metadata: { namespace: 'team', name: 'iris', uid: 'u1' },
  })
  handler?.remove('team/iris')
  expect(facts.objectOf(IRIS)).toMatchObject({ metadata: { uid: undefined } })
  expect(seen).toEqual(['team', 'team'])
})
