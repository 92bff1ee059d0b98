import type { Expected } from '../worlds/scenario.ts'

/** How often the service gave each answer, by `decision reason`. */
export type Counters = ReadonlyMap<string, number>

/** Reads what the service itself counts. */
export async function countersOf(httpPort: number): Promise<Counters> {
  const response = await fetch(`http://127.0.0.1:${httpPort}/metrics`)
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

/** Answers that were given between two readings and are none that was expected. */
export function unexpectedIn(before: Counters, after: Counters, expected: Expected): number {
  const awaited = `${expected.outcome} ${expected.outcome === 'deny' ? expected.reason : ''}`
  let unexpected = 0
  for (const [key, count] of after) {
    if (key !== awaited) unexpected += count - (before.get(key) ?? 0)
  }
  return unexpected
}
