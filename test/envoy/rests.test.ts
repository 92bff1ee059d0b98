import { describe, expect, it } from 'vitest'
import {
  createRests,
  FIRST_REST_MS,
  JUDGED_AFTER_REST,
  JUDGED_REQUESTS,
  LONGEST_REST_MS,
  MAX_JUDGED_PEERS,
} from '../../src/envoy/rests.ts'

function counted() {
  let at = 1
  const rests = createRests({ now: () => at, random: () => 0.5 })
  const ask = (count: number, refused: number, address = 'a') => {
    for (let index = 0; index < count; index += 1) {
      if (index < refused) rests.refused(address)
      rests.asked(address)
    }
  }
  const restMs = (address = 'a') => {
    const begun = at
    while (rests.rests(address)) at += 1
    return at - begun
  }
  return { ...rests, ask, restMs }
}

describe('an address', () => {
  it('rests if nine of ten of its requests are refused', () => {
    const { ask, restMs } = counted()
    ask(JUDGED_REQUESTS, 58)
    expect(restMs()).toBe(FIRST_REST_MS)
  })

  it('does not rest if fewer are refused', () => {
    const { ask, rests } = counted()
    for (let round = 0; round < 20; round += 1) ask(JUDGED_REQUESTS, 57)
    expect(rests('a')).toBe(false)
  })

  it('is not judged by a few requests', () => {
    const { ask, rests } = counted()
    ask(JUDGED_REQUESTS - 1, JUDGED_REQUESTS - 1)
    expect(rests('a')).toBe(false)
  })

  it('rests for longer each time, up to a bound, and is judged sooner', () => {
    const { ask, restMs } = counted()
    ask(JUDGED_REQUESTS, JUDGED_REQUESTS)
    const rested = [restMs()]
    for (let round = 0; round < 5; round += 1) {
      ask(JUDGED_AFTER_REST, JUDGED_AFTER_REST)
      rested.push(restMs())
    }
    expect(rested).toEqual([
      FIRST_REST_MS,
      4 * FIRST_REST_MS,
      16 * FIRST_REST_MS,
      LONGEST_REST_MS,
      LONGEST_REST_MS,
      LONGEST_REST_MS,
    ])
  })

  it('is read as usual once its requests are accepted after a rest', () => {
    const { ask, rests, restMs } = counted()
    ask(JUDGED_REQUESTS, JUDGED_REQUESTS)
    restMs()
    ask(JUDGED_AFTER_REST, 0)
    expect(rests('a')).toBe(false)
    ask(JUDGED_REQUESTS, JUDGED_REQUESTS)
    ask(JUDGED_REQUESTS, JUDGED_REQUESTS)
    ask(JUDGED_REQUESTS, JUDGED_REQUESTS)
    expect(restMs()).toBeGreaterThan(0)
  })

  it('rests alone', () => {
    const { ask, rests } = counted()
    ask(JUDGED_REQUESTS, JUDGED_REQUESTS, 'a')
    ask(JUDGED_REQUESTS, 0, 'b')
    expect([rests('a'), rests('b')]).toEqual([true, false])
  })

  it('is forgotten if very many others follow', () => {
    const { ask, rests } = counted()
    ask(JUDGED_REQUESTS, JUDGED_REQUESTS, 'a')
    for (let index = 0; index < MAX_JUDGED_PEERS; index += 1) ask(1, 1, `b-${index}`)
    expect(rests('a')).toBe(false)
  })
})
