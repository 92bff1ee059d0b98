import { expect, it } from 'vitest'
import { conditionsOf } from '../../../src/kubernetes/status/conditions.ts'
import { neededOf } from '../../../src/kubernetes/status/held-policy.ts'
import { at, listAt } from '../../../testing/json.ts'

const condition = (message: string) => ({ type: 'Accepted', status: 'True', message })
const conditionsIn = (conditions: readonly object[]) =>
  listAt(neededOf({ status: { conditions } }), 'status', 'conditions')

it('at most 16 conditions of an object are kept', () => {
  expect(conditionsIn(Array.from({ length: 20 }, () => condition('good')))).toHaveLength(16)
})

it('no message of an object is kept that is longer than any of ours', () => {
  const messages = [1_024, 1_025].map((length) => condition('m'.repeat(length)))
  const kept = conditionsIn(messages).map((each) => at(each, 'message'))
  expect(kept).toEqual(['m'.repeat(1_024), undefined])
})

it('a message is cut at 1,024 characters', () => {
  const accepted = { holds: true, reason: 'Accepted', message: 'm'.repeat(2_000) } as const
  const enforced = { holds: true, reason: 'Enforced', message: 'good' } as const
  const resolvedRefs = { holds: true, reason: 'ResolvedRefs', message: '' } as const
  const written = conditionsOf({ accepted, enforced, resolvedRefs }, {})
  expect(written.map(({ message }) => message)).toEqual(['m'.repeat(1_024), 'good', ''])
})

it('every condition that is written is kept of an object, so that it is not written again', () => {
  const condition = { holds: true, message: '' }
  const accepted = { ...condition, reason: 'Accepted' } as const
  const enforced = { ...condition, reason: 'Enforced' } as const
  const resolvedRefs = { ...condition, reason: 'ResolvedRefs' } as const
  const written = conditionsOf({ accepted, enforced, resolvedRefs }, {})
  expect(conditionsIn(written)).toEqual(written)
})
