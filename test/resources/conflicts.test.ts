import { expect, it } from 'vitest'
import type { KeyScope } from '../../src/access/api-key.ts'
import type { ServiceRef } from '../../src/access/service.ts'
import { opensNothing, repeated } from '../../src/resources/conflicts.ts'
import { anApiKey, aService } from '../../testing/builders.ts'

it('a key that another Secret of the namespace holds, too, is told in these words', () => {
  const key = anApiKey()
  expect(repeated(key, { keysWith: () => [key] })).toEqual([])
  expect(repeated(key, { keysWith: () => [key, key] })).toEqual([
    {
      object: `Secret ${key.namespace}/${key.name}`,
      reason: 'CredentialRepeated',
      message: 'another Secret of the namespace holds the same key: it is not accepted',
    },
  ])
})

it.each<[title: string, services: readonly KeyScope[] | undefined, opens: boolean]>([
  ['every service of its namespace', undefined, true],
  ['a service of any kind', [{ kind: undefined, name: 'iris' }], true],
  ['a service of its kind', [{ kind: 'InferenceService', name: 'iris' }], true],
  [
    'a service and a missing one',
    [
      { kind: undefined, name: 'gone' },
      { kind: undefined, name: 'iris' },
    ],
    true,
  ],
  ['a service of another kind', [{ kind: 'InferenceGraph', name: 'iris' }], false],
  ['missing services', [{ kind: undefined, name: 'gone' }], false],
])('a key is reported if it opens nothing: %s', (_title, services, opens) => {
  const iris = aService()
  const isIris = ({ kind, namespace, name }: ServiceRef) =>
    kind === iris.kind && namespace === iris.namespace && name === iris.name
  const problems = opensNothing(anApiKey({ services }), {
    servicesNamed: (ref) => (isIris(ref) ? [iris] : []),
  })
  expect(problems.map(({ object, reason }) => `${object} ${reason}`)).toEqual(
    opens ? [] : ['Secret team/iris-key NoSuchService'],
  )
})
