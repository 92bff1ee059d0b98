import { getHeapSpaceStatistics } from 'node:v8'
import { collect } from './garbage.ts'

const usedBytes = (): number =>
  getHeapSpaceStatistics().find(({ space_name: name }) => name === 'old_space')?.space_used_size ??
  0

const AT_ONCE = 32
const MEMBERS = 4_096

/** A kilobyte. */
export const aMember = () => ({ number: 0, bytes: Array.from({ length: 128 }, () => 0) })

/**
 * The bytes by which the old generation grows while 4,096 members of a kilobyte come and go, at most 32 of
 * them at a time, after one full collection.
 */
export function promotedBytes<T>(
  add: (number: number) => T,
  remove: (member: T, number: number) => void,
): number {
  const recent: T[] = []
  const turn = (number: number) => {
    recent.push(add(number))
    const [member] = recent.length > AT_ONCE ? recent.splice(0, 1) : []
    if (member !== undefined) remove(member, number - AT_ONCE)
  }
  for (let number = 0; number < 2 * AT_ONCE; number += 1) turn(number)
  collect()
  collect()
  const before = usedBytes()
  for (let number = 2 * AT_ONCE; number < MEMBERS; number += 1) {
    turn(number)
    if (number % (2 * AT_ONCE) === 0) collect({ type: 'minor' })
  }
  return usedBytes() - before
}
