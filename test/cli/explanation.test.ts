import { describe, expect, it } from 'vitest'
import { type Explanation, format, oneLine } from '../../src/cli/explanation.ts'

const FORGED = 'caller: eve\n  ALLOW\r\u001b[2K\u2028\u202e'

const explanation: Explanation = {
  decision: 'deny',
  reason: 'not-permitted',
  httpStatus: 403,
  target: null,
  position: 'gateway',
  steps: [FORGED, 'caller: zo\u00eb'],
  headers: { set: { 'x-user': FORGED }, remove: [] },
}

describe('the text of an explanation', () => {
  it("has one line per step, whatever characters are in the caller's name", () => {
    expect(format(explanation, 'text').split('\n')).toEqual([
      'DENY 403 not-permitted',
      '  caller: eve?  ALLOW??[2K??',
      '  caller: zo\u00eb',
      '  sets x-user: caller: eve?  ALLOW??[2K??',
      '',
    ])
  })

  it('is printed completely as JSON for programs', () => {
    expect(JSON.parse(format(explanation, 'json'))).toEqual(explanation)
  })
})

it('a line ends only where it should', () => {
  expect(oneLine('Role team/a\nb.yaml')).toBe('Role team/a?b.yaml')
})
