import type { Answer, Authorize } from '../access/authorize.ts'
import { deny } from '../access/decision.ts'
import type { DeclaredPosition } from '../access/request.ts'
import { dialectOf } from './dialect.ts'
import type { Encode } from './encode.ts'
import type { CheckHandler } from './protocol.ts'
import { type Incoming, readCheckRequest } from './read-request.ts'

/** A check that was answered; `seconds` from the first look at it. */
export type Checked = {
  readonly incoming: Incoming
  readonly answer: Answer
  readonly seconds: number
}

export type CheckParts = {
  /** Must neither throw nor reject: see `failClosed`. */
  readonly authorize: Authorize
  readonly encode: Encode
  readonly observe: (checked: Checked) => void
  /** Told of a fault that nobody foresaw. */
  readonly report: (fault: unknown) => void
  /** Longest wait for facts, in milliseconds; a shorter deadline of the proxy's holds. */
  readonly deadlineMs: number
}

const LATE: Answer = { decision: deny('deadline-exceeded'), target: undefined, caller: undefined }

/**
 * Answers each Check once, always with gRPC's OK: an error of gRPC is what `failure_mode_allow` lets
 * through, a denial never is.
 */
export function createCheckHandler(
  position: DeclaredPosition,
  { authorize, encode, observe, report, deadlineMs }: CheckParts,
): CheckHandler {
  return (call, callback) => {
    const start = performance.now()
    const incoming = readCheckRequest(call.request, position)
    const answer = authorize(incoming.request)
    if (!(answer instanceof Promise)) return finish(answer)

    const remaining = Number(call.getDeadline()) - Date.now() - RETURN_MS
    const timer = setTimeout(() => finishOnce(LATE), Math.max(0, Math.min(deadlineMs, remaining)))
    let finished = false
    const finishOnce = (made: Answer) => {
      if (finished) return
      finished = true
      clearTimeout(timer)
      finish(made)
    }
    answer.then(finishOnce, report)

    function finish(made: Answer) {
      callback(null, encodeAnswer(made, incoming))
      try {
        observe({ incoming, answer: made, seconds: (performance.now() - start) / 1_000 })
      } catch (fault) {
        report(fault)
      }
    }
  }

  function encodeAnswer({ decision, target }: Answer, incoming: Incoming): Buffer {
    const { path, grpc, underscored, request } = incoming
    return encode(decision, {
      dialect: dialectOf(path, target?.pathPrefix ?? '', grpc),
      underscored,
      cookie: request?.headers.get('cookie'),
    })
  }
}

/** What an answer needs to travel back before the proxy's own deadline, in milliseconds. */
const RETURN_MS = 10
