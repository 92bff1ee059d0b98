export type QueueLimits = {
  /** So many works are under way at a time. */
  readonly running: number
  /** So many wait, altogether and with the same key. */
  readonly waiting: number
  readonly waitingPerKey: number
}

/** Runs works in turn of their keys, so that one with many does not keep the others waiting. */
export type FairQueue = {
  /** `undefined`: too many wait, it is not run. */
  readonly run: <T>(key: string, work: () => Promise<T>) => Promise<T> | undefined
}

export function createFairQueue({ running, waiting, waitingPerKey }: QueueLimits): FairQueue {
  /** Those that wait, by key; the key whose turn it is stands first. */
  const lines = new Map<string, (() => void)[]>()
  let underWay = 0
  let length = 0

  const end = () => {
    const [next] = lines
    if (next === undefined) {
      underWay -= 1
      return
    }
    const [key, line] = next
    const begin = line.shift()
    lines.delete(key)
    if (line.length > 0) lines.set(key, line)
    length -= 1
    begin?.()
  }

  return {
    run: (key, work) => {
      if (underWay < running) {
        underWay += 1
        return work().finally(end)
      }
      const line = lines.get(key) ?? []
      if (length >= waiting || line.length >= waitingPerKey) return undefined
      length += 1
      lines.set(key, line)
      return new Promise<void>((begin) => line.push(begin)).then(work).finally(end)
    },
  }
}
