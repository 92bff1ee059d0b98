import { describe, expect, it } from 'vitest'
import {
  serviceAccountOfUser,
  userOfServiceAccount,
} from '../../src/common/service-account-name.ts'

const READER = { namespace: 'team', name: 'reader' }

it('a ServiceAccount and its user name in Kubernetes convert into each other', () => {
  expect(userOfServiceAccount(READER)).toBe('system:serviceaccount:team:reader')
  expect(serviceAccountOfUser(userOfServiceAccount(READER))).toEqual(READER)
})

describe('a user is not a ServiceAccount', () => {
  it.each([
    undefined,
    7,
    ['system:serviceaccount:team:reader'],
    '',
    'ada',
    'system:serviceaccount:team',
    'system:serviceaccount:team:',
    'system:serviceaccount::reader',
    'system:serviceaccount:team:reader:x',
    ' system:serviceaccount:team:reader',
    'system:serviceaccounts:team:reader',
  ])('as %j', (user) => {
    expect(serviceAccountOfUser(user)).toBeUndefined()
  })
})
