import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { PolicyStatus } from '../../src/access/policy-status.ts'
import { policyStatusLogger } from '../../src/app/log-policy-status.ts'
import { aDirectory, aService } from '../../testing/builders.ts'
import { aPolicy } from '../../testing/policies/any-policies.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const target = { kind: 'InferenceService', name: 'iris' } as const

function told() {
  const lines: string[] = []
  const tell = (policy: string, { accepted, enforced }: PolicyStatus) =>
    void lines.push(`${policy} ${accepted.reason} ${enforced.reason}`)
  const directory = policyStatusLogger(aDirectory(), tell)
  const settled = async () => {
    await vi.advanceTimersByTimeAsync(1_000)
    return lines.splice(0)
  }
  return { directory, settled }
}

describe('the status of the policies of a folder', () => {
  it('is logged once per change, and not at all without a change', async () => {
    const { directory, settled } = told()
    const policy = aPolicy({ mode: 'enforce', name: 'strict', targets: [target] })
    directory.policies.put('a', policy)
    expect(await settled()).toEqual(['AccessPolicy team/strict TargetNotFound NotAccepted'])
    directory.services.put('iris', aService())
    expect(await settled()).toEqual(['AccessPolicy team/strict Accepted Enforced'])
    directory.services.put('iris', aService())
    directory.policies.put('a', { ...policy })
    expect(await settled()).toEqual([])
    directory.services.remove('iris')
    expect(await settled()).toEqual(['AccessPolicy team/strict TargetNotFound NotAccepted'])
  })

  it('is forgotten with a policy, and logged again when it comes back', async () => {
    const { directory, settled } = told()
    directory.policies.put('a', aPolicy())
    expect(await settled()).toEqual(['AccessPolicy team/tried Accepted Shadow'])
    directory.policies.remove('a')
    expect(await settled()).toEqual([])
    directory.policies.put('a', aPolicy())
    expect(await settled()).toEqual(['AccessPolicy team/tried Accepted Shadow'])
  })

  it('costs nothing if nobody reads it', () => {
    const directory = aDirectory()
    expect(policyStatusLogger(directory, undefined)).toBe(directory)
  })
})
