import { Session } from 'node:inspector/promises'

export type Coverage = {
  /** Characters of our code that ran since the last call and never before; they count as seen only with `keep`. */
  readonly fresh: (keep: boolean) => Promise<number>
  /** Characters of our code that have run up to now. */
  readonly reached: () => number
}

/** Reports which code of `folder` runs, from V8. Must be started before that code is loaded. */
export async function startCoverage(folder: string): Promise<Coverage> {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  const seen = new Map<string, Uint8Array>()

  return {
    fresh: async (keep) => {
      const { result } = await session.post('Profiler.takePreciseCoverage')
      let count = 0
      for (const { url, functions } of result) {
        if (!url.startsWith(folder)) continue
        const ranges = functions.flatMap((each) => each.ranges)
        const length = Math.max(...ranges.map(({ endOffset }) => endOffset))
        const known = grown(seen.get(url), length)
        const now = new Uint8Array(length)
        // Inner ranges come after the outer ones that they correct.
        for (const range of ranges)
          now.fill(range.count > 0 ? 1 : 0, range.startOffset, range.endOffset)
        for (let index = 0; index < length; index += 1) {
          if (now[index] !== 1 || known[index] === 1) continue
          count += 1
          if (keep) known[index] = 1
        }
        seen.set(url, known)
      }
      return count
    },
    reached: () => {
      let count = 0
      for (const known of seen.values()) for (const each of known) count += each
      return count
    },
  }
}

function grown(known: Uint8Array = new Uint8Array(), length: number): Uint8Array {
  if (known.length >= length) return known
  const longer = new Uint8Array(length)
  longer.set(known)
  return longer
}
