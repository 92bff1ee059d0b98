// Judges several targets: the request is allowed only if all of them allow it.

import type { MaybePromise } from '../common/maybe-promise.ts'
import type { Answer } from './answer.ts'
import type { Target, Targets } from './target.ts'

/** Judges targets in order: all must allow. The first denial is the answer. */
export function allAllow(
  [first, ...rest]: Targets,
  judge: (target: Target) => MaybePromise<Answer>,
  combine: (one: Answer, other: Answer) => Answer,
): MaybePromise<Answer> {
  let answer = judge(first)
  for (const [index, target] of rest.entries()) {
    if (answer instanceof Promise) return goOn(answer, rest.slice(index), judge, combine)
    if (answer.decision.outcome === 'deny') return answer
    const other = judge(target)
    if (other instanceof Promise) {
      const one = answer
      return goOn(
        other.then((made) => combine(one, made)),
        rest.slice(index + 1),
        judge,
        combine,
      )
    }
    answer = combine(answer, other)
  }
  return answer
}

async function goOn(
  begun: Promise<Answer>,
  targets: readonly Target[],
  judge: (target: Target) => MaybePromise<Answer>,
  combine: (one: Answer, other: Answer) => Answer,
): Promise<Answer> {
  let answer = await begun
  for (const target of targets) {
    if (answer.decision.outcome === 'deny') return answer
    answer = combine(answer, await judge(target))
  }
  return answer
}
