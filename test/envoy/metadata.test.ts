import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Answer } from '../../src/access/answer.ts'
import { allow, DENY_REASONS, type Decision, deny, OPEN } from '../../src/access/decision.ts'
import { encodeAnswer } from '../../src/envoy/check-handler.ts'
import { createEncode } from '../../src/envoy/encode.ts'
import type { MetadataSubject } from '../../src/envoy/metadata.ts'
import {
  decodeCheckRequest,
  decodeCheckResponse,
  encodeCheckRequest,
} from '../../src/envoy/protocol.ts'
import { readCheckRequest } from '../../src/envoy/read-request.ts'
import { aCaller, anApiKey, anAuthorize, anLlm, anyText, aService } from '../../testing/builders.ts'
import { aCheck, isAllowed } from '../../testing/envoy/check-client.ts'

const encode = createEncode({
  headers: { user: 'x-user', groups: 'x-groups', credential: 'x-credential', claims: {} },
  realm: 'kubernetes-user',
})

const onTheWire = (decision: Decision, subject: Partial<MetadataSubject> = {}) => {
  const about = { service: undefined, caller: undefined, ...subject }
  return decodeCheckResponse(
    encode(decision, { dialect: 'plain', underscored: [], cookie: undefined, ...about }),
  )
}

/** As the access log receives it. */
const metadataOf = (decision: Decision, subject?: Partial<MetadataSubject>) => {
  const { fields = {} } = onTheWire(decision, subject).dynamic_metadata ?? {}
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, value.stringValue]))
}

const service = aService()
const caller = aCaller()

describe('the dynamic metadata of an answer', () => {
  it('for an allow contains the service, the user and the credential kind', () => {
    expect(metadataOf(allow(caller), { service, caller })).toEqual({
      service: 'InferenceService/team/iris',
      user: 'system:serviceaccount:team:reader',
      credential: 'team/reader',
    })
  })

  it('are texts of at most 512 characters', () => {
    const long = aCaller({ user: 'u'.repeat(1_000) })
    expect(metadataOf(allow(long), { service, caller: long }).user).toBe('u'.repeat(512))
  })

  it('for an allow without identification contains the service', () => {
    expect(metadataOf(OPEN, { service })).toEqual({ service: 'InferenceService/team/iris' })
  })

  it('for a denial contains the reason, and the caller if known', () => {
    expect(metadataOf(deny('not-permitted'), { service, caller })).toEqual({
      service: 'InferenceService/team/iris',
      user: 'system:serviceaccount:team:reader',
      credential: 'team/reader',
      reason: 'not-permitted',
    })
    expect(metadataOf(deny('missing-credential'), { service })).toEqual({
      service: 'InferenceService/team/iris',
      reason: 'missing-credential',
    })
  })

  it.each(DENY_REASONS)('for a denial without a service contains %s', (reason) => {
    expect(metadataOf(deny(reason))).toEqual({ reason })
    expect(isAllowed(onTheWire(deny(reason)))).toBe(false)
  })

  it('belongs to its own answer, although it is cached', () => {
    const bob = aCaller({ user: 'bob', reference: 'team/bob' })
    const chat = anLlm()
    for (const [who, what] of [
      [caller, service],
      [bob, service],
      [bob, chat],
      [caller, chat],
      [caller, service],
    ] as const) {
      const subject = { service: what, caller: who }
      expect(metadataOf(allow(who), subject)).toMatchObject({
        service: `${what.kind}/${what.namespace}/${what.name}`,
        user: who.user,
      })
      expect(metadataOf(allow(who), subject)).not.toHaveProperty('reason')
      expect(metadataOf(deny('denied-by-rule'), subject)).toMatchObject({
        user: who.user,
        reason: 'denied-by-rule',
      })
    }
  })

  it('cannot forge a line of a log, and is bounded', () => {
    const text = fc.oneof(anyText(700), fc.constantFrom('a"b', 'a\\b', 'a\r\nb', '\ud800', 'é'))
    fc.assert(
      fc.property(text, text, fc.constantFrom(...DENY_REASONS), (user, reference, reason) => {
        const odd = { service, caller: aCaller({ user, reference }) }
        for (const decision of [allow(odd.caller), deny(reason)]) {
          for (const value of Object.values(metadataOf(decision, odd))) {
            expect(value).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]{1,512}$/)
          }
        }
      }),
      { numRuns: 300 },
    )
  })

  it('never contains a credential, whatever the decision', () => {
    const key = 'iris-key-0123456789'
    const authorize = anAuthorize({ services: [service], keys: [anApiKey({ key })] })
    for (const credential of [key, 'unknown-key-0123456789', 'reader-token', `${key},other`]) {
      const check = encodeCheckRequest(
        aCheck({ headers: { authorization: `Bearer ${credential}` } }),
      )
      const incoming = readCheckRequest(decodeCheckRequest(check), 'gateway', () => '127.0.0.1')
      const answer = authorize(incoming.request)
      if (answer instanceof Promise) throw new Error('all is in memory')
      const told = JSON.stringify(metadataIn(incoming, answer))
      expect(told).toContain('InferenceService/team/iris')
      for (const part of credential.split(',')) expect(told).not.toContain(part)
    }

    function metadataIn(incoming: Parameters<typeof encodeAnswer>[1], answer: Answer) {
      return decodeCheckResponse(encodeAnswer(encode, incoming, answer)).dynamic_metadata
    }
  })
})
