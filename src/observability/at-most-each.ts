/** Makes something anew when it is asked for, but not again within a period, in milliseconds: who asks meanwhile gets the same. */
export function atMostEach<T>(
  periodMs: number,
  make: () => Promise<T>,
  now: () => number = () => performance.now(),
): () => Promise<T> {
  let made: Promise<T> | undefined
  let endedAt: number | undefined
  return () => {
    const fresh = endedAt === undefined || now() - endedAt < periodMs
    if (made !== undefined && fresh) return made
    endedAt = undefined
    made = make().finally(() => {
      endedAt = now()
    })
    return made
  }
}
