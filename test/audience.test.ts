import { describe, expect, it } from 'vitest'
import { refusalIn } from '../src/access/accepted-credentials.ts'
import { isForOneOf } from '../src/common/audience.ts'
import { createTokenPrecheck } from '../src/kubernetes/reviews/token-precheck.ts'
import { mapCaller } from '../src/tokens/caller-mapping.ts'
import { problemOfPurpose } from '../src/tokens/check-claims.ts'

const OURS = ['models', 'iris']
const ISSUER = 'https://idp.example.com'

/** Possible values of `aud`, and whether they name one of our audiences; a token without `aud` has its own test. */
const AUDIENCES: readonly (readonly [aud: unknown, isForUs: boolean])[] = [
  ['models', true],
  [['models'], true],
  [['vault', 'iris'], true],
  [[7, null, 'models'], true],
  ['vault', false],
  [['vault'], false],
  [[], false],
  ['', false],
  [null, false],
  [7, false],
  [true, false],
  [{ models: true }, false],
  [[['models']], false],
  [{ 0: 'models', length: 1 }, false],
  ['models ', false],
  ['Models', false],
  ['models iris', false],
  ['models,iris', false],
]

/** Each place that checks the audience of a token. */
const PLACES: readonly (readonly [place: string, accepts: (aud: unknown) => boolean])[] = [
  ['one of ours', (aud) => isForOneOf(aud, OURS)],
  ['a provider', (aud) => problemOfPurpose({ aud }, EXPECTED) === undefined],
  ['a policy', (aud) => refusalIn(ACCEPTED, callerWith({ aud })) === undefined],
  ['the cluster', (aud) => precheckOf({ iss: ISSUER, aud }) === 'possible'],
]

const EXPECTED = { issuer: ISSUER, audiences: OURS, algorithms: [] }

const ACCEPTED = {
  kubernetes: undefined,
  apiKeys: undefined,
  jwt: [{ provider: 'idp', audiences: OURS }],
  mesh: false,
  anonymous: false,
}

function callerWith(claims: Readonly<Record<string, unknown>>) {
  const mapping = { name: 'idp', issuer: ISSUER, rbac: undefined }
  const mapped = mapCaller(mapping, { sub: 'ada', ...claims })
  if (mapped.kind !== 'verified') throw new Error('no caller')
  return mapped.value
}

const precheckOf = (claims: Readonly<Record<string, unknown>>) =>
  createTokenPrecheck({
    audiences: OURS,
    opaquePrefixes: [],
    issuer: () => ISSUER,
    foreignIssuers: [],
    inspect: () => ({ issuer: ISSUER, claims }),
  })('token').kind

describe.each(PLACES)('a token for %s', (place, accepts) => {
  it.each(AUDIENCES)('is accepted with `aud` %j: %s', (aud, isForUs) => {
    expect(accepts(aud)).toBe(isForUs)
  })

  it('is refused without `aud`, unless it can be a token from a Secret of the cluster', () => {
    expect(accepts(undefined)).toBe(place === 'the cluster')
  })
})
