// Reads the garbage collections of a service from its metrics.

/** Counts and seconds since its start. */
export type Collections = {
  readonly scavenges: number
  readonly scavenging: number
  readonly majors: number
  readonly major: number
}

const SERIES = {
  scavenges: /^nodejs_gc_duration_seconds_count\{.*kind="minor".*\} (\S+)$/m,
  scavenging: /^nodejs_gc_duration_seconds_sum\{.*kind="minor".*\} (\S+)$/m,
  majors: /^nodejs_gc_duration_seconds_count\{.*kind="major".*\} (\S+)$/m,
  major: /^nodejs_gc_duration_seconds_sum\{.*kind="major".*\} (\S+)$/m,
} as const

/** A kind of collection that has not happened has no series. */
export function collectionsIn(metrics: string): Collections {
  const read = (series: RegExp) => Number(series.exec(metrics)?.[1] ?? 0)
  const { scavenges, scavenging, majors, major } = SERIES
  return {
    scavenges: read(scavenges),
    scavenging: read(scavenging),
    majors: read(majors),
    major: read(major),
  }
}

const mean = (seconds: number, count: number): string =>
  count === 0 ? '-' : ((1_000 * seconds) / count).toFixed(1)

/** The mean milliseconds of a scavenge and of a major collection between two readings. */
export const meansBetween = (last: Collections, now: Collections): readonly [string, string] => [
  mean(now.scavenging - last.scavenging, now.scavenges - last.scavenges),
  mean(now.major - last.major, now.majors - last.majors),
]
