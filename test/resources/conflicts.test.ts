import { expect, it } from 'vitest'
import { repeated } from '../../src/resources/conflicts.ts'
import { anApiKey } from '../../testing/builders.ts'

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
