// Collects what cannot be read, each trouble once.

/** What cannot be read. */
export type Troubles = {
  /** `lasting`: waiting does not heal it. */
  readonly add: (resource: string, message: string, lasting?: boolean) => void
  readonly isLasting: (resource: string) => boolean
  readonly any: () => boolean
  /** Equal messages about several resources are one trouble, and so is a message with more detail. */
  readonly all: () => readonly string[]
}

/** Older ones are forgotten: a watch goes on for days. */
const KEPT = 1_000

export function createTroubles(): Troubles {
  const messages = new Map<string, string>()
  const lasting = new Set<string>()
  return {
    add: (resource, message, isLasting = false) => {
      messages.set(`${resource} ${message}`, message)
      const [oldest] = messages.keys()
      if (messages.size > KEPT && oldest !== undefined) messages.delete(oldest)
      if (isLasting) lasting.add(resource)
    },
    isLasting: (resource) => lasting.has(resource),
    any: () => lasting.size > 0,
    all: () => {
      const all = [...new Set(messages.values())].toSorted()
      return all.filter((each) => !all.some((other) => other !== each && other.startsWith(each)))
    },
  }
}
