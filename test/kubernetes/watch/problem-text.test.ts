import { expect, describe as group, it } from 'vitest'
import { ApiError, TooLong } from '../../../src/kubernetes/client/api-server.ts'
import { describeProblem } from '../../../src/kubernetes/watch/problem-text.ts'
import {
  holdingCollections,
  rbacCollections,
  serviceCollections,
  type WatchedKind,
} from '../../../src/kubernetes/watch/watched-kinds.ts'

const scope = { namespaces: [], apiKeyLabels: { tier: 'gold' } }
const inTeam = { ...scope, namespaces: ['team'] }

function first(collections: readonly WatchedKind[], resource: string): WatchedKind {
  const found = collections.find((collection) => collection.resource === resource)
  if (found === undefined) throw new Error(`no ${resource}`)
  return found
}

const SECRETS = first(holdingCollections(scope), 'secrets')

group('a missing permission', () => {
  it.each([
    ['secrets', SECRETS],
    ['secrets in namespace team', first(holdingCollections(inTeam), 'secrets')],
    ['inferenceservices.serving.kserve.io', first(serviceCollections(scope), 'inferenceservices')],
    ['roles.rbac.authorization.k8s.io', first(rbacCollections(scope), 'roles')],
  ])('is written like a rule of a Role: %s', (name, collection) => {
    expect(describeProblem(new ApiError(403), collection)).toBe(
      `missing permission: list and watch ${name}`,
    )
  })
})

const fault = (code: string) => Object.assign(new Error('of 10.0.0.1:443 sk-secret'), { code })

group('another failure', () => {
  it.each([
    [
      new ApiError(401),
      'the API server answered with status 401: the token of this program is not valid',
    ],
    [new ApiError(404), 'the API server has no supported version of secrets'],
    [new ApiError(500), 'the API server answered with status 500'],
    [new TooLong(), 'the answer of the API server is too long'],
    [fault('ECONNREFUSED'), 'the API server cannot be reached (ECONNREFUSED)'],
    [fault('sk secret'), 'the API server cannot be reached'],
    [new Error('sk-secret'), 'the API server cannot be reached'],
    ['sk-secret', 'the API server cannot be reached'],
  ])('%s is a fixed sentence', (error, sentence) => {
    expect(describeProblem(error, SECRETS)).toBe(sentence)
  })
})
