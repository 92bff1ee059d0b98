// The type of a problem of an object.

import { displayNameOf, type KubernetesObject, printableName } from './object.ts'

/** A problem of an object, for its owner. Never contains a key, a token or a digest. */
export type Problem = {
  /** The object, e.g. `Secret team/reader`. */
  readonly object: string
  /** In upper camel case, like the reason of a Kubernetes event. */
  readonly reason: string
  readonly message: string
}

/** Something about an object that is not always a problem. */
export type Notice = Problem & { readonly level: 'info' | 'warn' }

/** Adds a problem of one object. */
export type Raise = (reason: string, message: string) => void

export const MAX_PROBLEMS = 16

/** A list of problems of one object, and a function that adds to it, up to MAX_PROBLEMS. */
export function problemsOf(object: KubernetesObject): {
  readonly problems: readonly Problem[]
  readonly raise: Raise
} {
  const label = printableName(displayNameOf(object))
  const problems: Problem[] = []
  const raise: Raise = (reason, message) => {
    if (problems.length < MAX_PROBLEMS) problems.push({ object: label, reason, message })
  }
  return { problems, raise }
}
