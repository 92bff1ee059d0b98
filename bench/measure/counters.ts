import type { Expected } from '../worlds/scenario.ts'

/** How often the service gave each answer, by `decision reason`. */
export type Counters = ReadonlyMap<string, number>

const LIMIT_MS = 10_000

/** Reads the service's own counters. */
export async function countersOf(httpPort: number): Promise<Counters> {
  const response = await fetch(`http://127.0.0.1:${httpPort}/metrics`, {
    signal: AbortSignal.timeout(LIMIT_MS),
  })
  return readCounters(await response.text())
}

const SERIES = /^kserve_authz_checks_total\{.*decision="(\w+)",reason="([\w-]*)".*\} (\d+)$/gm

export function readCounters(text: string): Counters {
  const counters = new Map<string, number>()
  for (const [, decision, reason, count] of text.matchAll(SERIES)) {
    const key = `${decision} ${reason}`
    counters.set(key, (counters.get(key) ?? 0) + Number(count))
  }
  return counters
}

/** Unexpected answers between two readings. */
export function unexpectedIn(before: Counters, after: Counters, expected: Expected): Counters {
  const awaited = `${expected.outcome} ${expected.outcome === 'deny' ? expected.reason : ''}`
  const unexpected = new Map<string, number>()
  for (const [key, count] of after) {
    const more = count - (before.get(key) ?? 0)
    if (key !== awaited && more > 0) unexpected.set(key, more)
  }
  return unexpected
}

export const toldOf = (counters: Counters): string =>
  [...counters].map(([key, count]) => `${count} ${key.trim()}`).join(', ')
