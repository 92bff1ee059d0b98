// Turns an exception of the decision into a denial.

import type { Answer, Authorize } from './answer.ts'
import { deny } from './decision.ts'

const INTERNAL: Answer = { decision: deny('internal'), target: undefined, caller: undefined }

/** Turns an unexpected exception into a denial; `report` must not throw. */
export const failClosed =
  (authorize: Authorize, report: (fault: unknown) => void): Authorize =>
  (request, note) => {
    const refuse = (fault: unknown): Answer => {
      report(fault)
      return INTERNAL
    }
    try {
      const answer = authorize(request, note)
      return answer instanceof Promise ? answer.catch(refuse) : answer
    } catch (fault) {
      return refuse(fault)
    }
  }
