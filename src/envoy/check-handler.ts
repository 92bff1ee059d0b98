// Handles a Check call: reads it, has it decided, and replies in time.

import type { Answer, Authorize } from '../access/answer.ts'
import { deny } from '../access/decision.ts'
import { isPreflight } from '../access/exclusions.ts'
import type { Trust } from '../access/gateway-route.ts'
import type { AccessRequest, Position } from '../access/request.ts'
import { SUBPROTOCOLS_HEADER } from '../access/subprotocols.ts'
import type { Target } from '../access/target.ts'
import { isQuotable } from '../common/request-id.ts'
import { dialectOf } from './dialect.ts'
import type { Encode } from './encode.ts'
import type { DeniedContext } from './encode-denials.ts'
import { prefersHtml } from './prefers-html.ts'
import type { CheckHandler } from './protocol.ts'
import { type Incoming, readCheck } from './read-request.ts'

/** An answered check; `seconds` since its arrival. */
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
  /** Called for an unexpected exception. */
  readonly report: (fault: unknown) => void
  /** Longest wait for facts, in milliseconds; a shorter deadline of the proxy applies. */
  readonly deadlineMs: number
}

const unknown = { target: undefined, caller: undefined }
const LATE: Answer = { decision: deny('deadline-exceeded'), ...unknown }
const FAULTY: Answer = { decision: deny('internal'), ...unknown }

/** Answers each Check once, always with gRPC's OK: `failure_mode_allow` lets gRPC errors through, and never denials. */
export function createCheckHandler(
  position: Position,
  { authorize, encode, observe, report, deadlineMs }: CheckParts,
  trust?: Trust,
): CheckHandler {
  const broken = encode(FAULTY.decision, {
    dialect: 'plain',
    underscored: [],
    cookie: undefined,
    service: undefined,
    caller: undefined,
  })

  return (call, callback) => {
    const start = performance.now()
    let answered = false
    const reply = (bytes: Buffer) => {
      if (answered) return
      answered = true
      callback(null, bytes)
    }
    const fail = (fault: unknown) => {
      reply(broken)
      tell(fault)
    }
    try {
      const proxy = () => call.peerAddress
      const incoming = readCheck(call.request, { position, proxy, trust })
      const answer = authorize(incoming.request)
      if (!(answer instanceof Promise)) finish(incoming, answer)
      else void inTime(answer, remainingMs(call.deadline)).then((made) => finish(incoming, made))
    } catch (fault) {
      fail(fault)
    }

    function finish(incoming: Incoming, made: Answer) {
      try {
        const bytes = encodeAnswer(encode, incoming, made)
        if (bytes.length === 0)
          throw new Error('an empty message, which Envoy would treat as an allow')
        reply(bytes)
        observe({ incoming, answer: made, seconds: (performance.now() - start) / 1_000 })
      } catch (fault) {
        fail(fault)
      }
    }
  }

  /** A failing report must not end the program. */
  function tell(fault: unknown) {
    try {
      report(fault)
    } catch {
      // Nothing left to do.
    }
  }

  function inTime(answer: Promise<Answer>, limitMs: number): Promise<Answer> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(0, Math.min(deadlineMs, limitMs)), LATE)
      answer
        .catch((fault: unknown) => {
          tell(fault)
          return FAULTY
        })
        .then((made) => {
          clearTimeout(timer)
          resolve(made)
        }, tell)
    })
  }
}

/** Encodes the answer to this check. */
export function encodeAnswer(
  encode: Encode,
  incoming: Incoming,
  { decision, target, caller }: Answer,
): Buffer {
  const { underscored, request } = incoming
  const { dialect, requestId, origin, preflight } =
    decision.outcome === 'deny' ? deniedContext(incoming, target) : NOT_DENIED
  return encode(decision, {
    dialect,
    requestId,
    origin,
    preflight,
    underscored,
    cookie: request?.headers.get('cookie'),
    offered: request?.headers.get(SUBPROTOCOLS_HEADER),
    service: target?.service,
    caller,
  })
}

type Denied = Required<DeniedContext>

const NOT_DENIED: Denied = {
  dialect: 'plain',
  requestId: undefined,
  origin: undefined,
  preflight: false,
}

/** A client of an API may accept HTML, too; it posts. */
const opensPage = ({ method, headers }: AccessRequest): boolean =>
  (method === 'GET' || method === 'HEAD') && prefersHtml(headers.get('accept'))

const deniedContext = (
  { path, grpc, requestId, request }: Incoming,
  target: Target | undefined,
): Denied => ({
  dialect:
    !grpc && request !== undefined && opensPage(request)
      ? 'html'
      : dialectOf(path, target?.pathPrefix ?? '', grpc, target?.service.kind),
  requestId: isQuotable(requestId) ? requestId : undefined,
  origin: request?.headers.get('origin'),
  preflight: request !== undefined && isPreflight(request),
})

/** Reserved for the way back before the proxy's own deadline, in milliseconds. */
const RETURN_MS = 10

const remainingMs = (deadline: number): number => deadline - Date.now() - RETURN_MS
