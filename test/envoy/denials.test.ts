import { describe, expect, it } from 'vitest'
import { DENY_REASONS, type DenyReason } from '../../src/access/decision.ts'
import { DENIALS } from '../../src/envoy/denials.ts'

const STATUSES: Readonly<Record<401 | 403 | 500 | 503, readonly DenyReason[]>> = {
  401: [
    'missing-credential',
    'malformed-credential',
    'ambiguous-credential',
    'credential-too-long',
    'unknown-api-key',
    'expired-api-key',
    'invalid-token',
    'expired-token',
    'wrong-audience',
    'unknown-issuer',
  ],
  403: [
    'not-permitted',
    'denied-by-rule',
    'groups-unknown',
    'key-not-for-service',
    'unknown-target',
    'conflicting-target',
    'unsupported-request',
    'policy-invalid',
  ],
  503: [
    'authentication-unavailable',
    'authorization-unavailable',
    'not-synced',
    'overloaded',
    'deadline-exceeded',
  ],
  500: ['internal'],
}

describe('the reasons of denials', () => {
  it.each(Object.entries(STATUSES))('answered with %s are these: %j', (httpStatus, reasons) => {
    const found = DENY_REASONS.filter((reason) => `${DENIALS[reason].httpStatus}` === httpStatus)
    expect(found.toSorted()).toEqual(reasons.toSorted())
  })

  it('are all in one of those lists, and only once', () => {
    expect(Object.values(STATUSES).flat().toSorted()).toEqual(DENY_REASONS.toSorted())
  })

  it('have a separate phrase each, in plain words', () => {
    const phrases = DENY_REASONS.map((reason) => DENIALS[reason].phrase)
    expect(new Set(phrases).size).toBe(DENY_REASONS.length)
    expect(phrases.filter((phrase) => !/^[A-Za-z]+( [a-z]+)+$/.test(phrase))).toEqual([])
  })

  it("use OpenDataHub's phrase for a missing credential", () => {
    expect(DENIALS['missing-credential'].phrase).toBe('credential not found')
  })

  it.each(DENY_REASONS)('%s: only a presented credential is called invalid', (reason) => {
    const shown = STATUSES[401].includes(reason) && reason !== 'missing-credential'
    expect(DENIALS[reason].error).toBe(shown ? 'invalid_token' : undefined)
  })
})
