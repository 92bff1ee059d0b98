import { describe, expect, it } from 'vitest'
import { allow, type CredentialPlace } from '../../src/access/decision.ts'
import { createReplies, REPLIES_EACH } from '../../src/envoy/replies.ts'
import { aCaller, aService } from '../../testing/builders.ts'

const service = aService()
const caller = aCaller()
const bytes = (text: string) => Buffer.from(text)
const places = (...names: readonly string[]): readonly CredentialPlace[] =>
  names.map((name) => ({ kind: 'header', name }))

describe('a kept reply', () => {
  it('is found for the same service, caller, reason and decision only', () => {
    const replies = createReplies()
    const key = { service, caller, allowed: allow(caller, places('authorization')) }
    replies.add(key, 'one')
    expect(replies.find({ ...key, allowed: allow(caller, places('authorization')) })).toEqual(
      bytes('one'),
    )
    for (const other of [
      { ...key, service: aService() },
      { ...key, service: undefined },
      { ...key, caller: aCaller() },
      { ...key, caller: undefined },
      { ...key, reason: 'not-permitted' as const },
      { service, caller },
      { ...key, allowed: allow(aCaller(), places('authorization')) },
      { ...key, allowed: allow(caller) },
      { ...key, allowed: allow(caller, places('x-api-key')) },
      { ...key, allowed: allow(caller, [{ kind: 'cookie', name: 'authorization' }]) },
      { ...key, allowed: allow(caller, places('authorization', 'x-api-key')) },
      { ...key, allowed: { ...key.allowed, claimHeaders: { 'x-team': 'team' } } },
    ])
      expect(replies.find(other)).toBeUndefined()
  })

  it('is found by equal headers of policies, although they are another object', () => {
    const replies = createReplies()
    const withHeaders = (headers: Readonly<Record<string, string | undefined>>) => ({
      service,
      caller,
      allowed: { ...allow(caller), claimHeaders: headers },
    })
    replies.add(withHeaders({ 'x-a': 'a', 'x-b': undefined }), 'both')
    expect(replies.find(withHeaders({ 'x-a': 'a', 'x-b': undefined }))).toEqual(bytes('both'))
    for (const other of [
      { 'x-a': 'a' },
      { 'x-a': 'b', 'x-b': undefined },
      { 'x-a': 'a', 'x-c': undefined },
    ])
      expect(replies.find(withHeaders(other))).toBeUndefined()
  })

  it('is one of at most 64 of its caller', () => {
    const replies = createReplies()
    const services = Array.from({ length: 100 }, () => aService())
    for (const each of services) replies.add({ service: each, caller }, 'reply')
    const kept = services.filter((each) => replies.find({ service: each, caller }) !== undefined)
    expect(kept).toEqual(services.slice(-REPLIES_EACH))
  })

  it('is kept in a bounded number of bytes', () => {
    const replies = createReplies({ entries: 1_000, bytes: 64 * 1_024 })
    for (let count = 0; count < 1_000; count += 1)
      replies.add({ service, caller: aCaller() }, '\0'.repeat(1_024))
    expect(replies.counts().entries).toBeGreaterThan(10)
    expect(replies.counts().entries).toBeLessThanOrEqual(64)
  })

  it('is kept with the claims of its caller within the same number of bytes', () => {
    const replies = createReplies({ entries: 1_000, bytes: 256 * 1_024 })
    const groups = Array.from({ length: 100 }, (_, index) => `group-${index}`.padEnd(40, '.'))
    for (let count = 0; count < 1_000; count += 1)
      replies.add({ service, caller: aCaller({ claims: { groups } }) }, 'reply')
    expect(replies.counts().entries).toBeGreaterThan(10)
    expect(replies.counts().entries).toBeLessThanOrEqual(64)
  })
})
