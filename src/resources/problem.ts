import { displayNameOf, type KubernetesObject, printableName } from './object.ts'

/** Something about an object that its owner should know. Never holds a key, a token or a digest. */
export type Problem = {
  /** The object, e.g. `Secret team/reader`. */
  readonly object: string
  /** As the reason of a Kubernetes event: upper camel case. */
  readonly reason: string
  readonly message: string
}

/** Raises problems of one object. */
export type Raise = (reason: string, message: string) => void

export const MAX_PROBLEMS = 16

/** A list of problems of one object, and what adds to it: the first few are enough. */
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
