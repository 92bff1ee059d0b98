import { expect, it } from 'vitest'
import { readResource } from '../../src/resources/resource.ts'
import { sharingParts } from '../../src/resources/sharing.ts'
import { SETTINGS } from '../../testing/objects.ts'

const secret = (name: string, annotations: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: {
    name,
    namespace: 'team',
    labels: { 'kserve-authz.io/credential': 'api-key', team: 'one' },
    annotations: {
      'kserve-authz.io/services': 'iris',
      'kserve-authz.io/groups': 'a,b',
      ...annotations,
    },
  },
  stringData: { api_key: `a-key-of-${name}-for-the-team` },
})

const read = (value: object) => structuredClone(readResource(value, SETTINGS))

it('an object that shares its parts says the same as before', () => {
  for (const value of [
    secret('a'),
    secret('b', { 'kserve-authz.io/expires-at': '2030-01-01T00:00:00Z' }),
    { ...secret('c'), stringData: {} },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'd', namespace: 'team' } },
  ])
    expect(sharingParts(read(value))).toEqual(read(value))
})

it('a key that shares its parts keeps its problems', () => {
  const problems = [{ object: 'Secret team/a', reason: 'APIKeyRefused', message: 'why' }] as const
  expect(sharingParts({ ...read(secret('a')), problems }).problems).toEqual(problems)
})
