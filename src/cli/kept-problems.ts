// Keeps the problems of objects, for a command that shows the objects.

import type { ServiceRef } from '../access/service.ts'
import { displayNameOf } from '../resources/object.ts'
import type { Problem } from '../resources/problem.ts'

export type KeptProblems = {
  readonly add: (problem: Problem) => void
  /** Each message once. */
  readonly of: (service: ServiceRef) => readonly string[]
}

/** For a command that looks once: a problem that has been solved stays. */
export function createKeptProblems(): KeptProblems {
  const messages = new Map<string, Set<string>>()
  return {
    add: ({ object, message }) => {
      const about = messages.get(object) ?? new Set()
      messages.set(object, about.add(message))
    },
    of: (service) => [...(messages.get(displayNameOf(service)) ?? [])],
  }
}
