import { describe, expect, it } from 'vitest'
import { VERIFICATIONS } from '../../src/app/verifications.ts'
import { createTurnWork, LEAST_TURN_WORK, TURN_MS, TURN_WORK } from '../../src/envoy/turn-work.ts'

function turns() {
  let at = 0
  const turnWork = createTurnWork(() => at)
  const spend = (count: number, work: number, msEach: number) => {
    for (let turn = 0; turn < count; turn += 1) {
      turnWork.begin()
      at += work * msEach
      turnWork.end(work)
    }
    return turnWork.most()
  }
  return { spend }
}

describe('the work of a turn', () => {
  it('is the most where requests cost little', () => {
    expect(turns().spend(10, 100, 0.01)).toBe(TURN_WORK)
  })

  it('shrinks where they cost much, to what fits into a turn', () => {
    expect(turns().spend(50, 100, 0.05)).toBeCloseTo(TURN_MS / 0.05)
  })

  it('never shrinks below the least', () => {
    expect(turns().spend(50, 100, 100)).toBe(LEAST_TURN_WORK)
  })

  it('leaves the threads that verify tokens little time without work', () => {
    expect(turns().spend(50, 100, 100)).toBeLessThanOrEqual(2 * VERIFICATIONS.running)
  })

  it('grows again afterwards', () => {
    const { spend } = turns()
    spend(50, 100, 100)
    expect(spend(50, 100, 0.01)).toBe(TURN_WORK)
  })

  it('stays as it is after turns with hardly any work', () => {
    expect(turns().spend(50, 7, 100)).toBe(TURN_WORK)
  })
})
