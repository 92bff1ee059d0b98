// Limits the requests and bytes in flight on a listener.

import type { Http2Session, ServerHttp2Stream } from 'node:http2'
import { type ServerInterceptor, status } from '@grpc/grpc-js'
import { createOldestFirst } from '../common/oldest-first.ts'
import { NO_MESSAGE, only, sendAnswer } from './answering.ts'
import { type Arrival, arrivalOf, chargedOf, faultOf, isComplete, messageWith } from './arrival.ts'
import type { Bounds, GrpcShed } from './bounds.ts'
import type { Connection } from './connections.ts'
import { respond, respondError } from './grpc-response.ts'
import { discard, interpose, streamOf } from './http2-stream.ts'
import type { RequestShed } from './refuse.ts'
import { createShares } from './shares.ts'
import { createSweep } from './sweep.ts'

type Parts = {
  readonly bounds: Bounds
  readonly connectionOf: (session: Http2Session) => Connection | undefined
  readonly shed: (cause: GrpcShed) => void
  /** The answer to a request that is not read; `undefined`: it is not a check. */
  readonly refuse: (path: string, cause: RequestShed) => Buffer | undefined
}

/** Answers the message of a request on its stream. */
type Answer = (message: Buffer, arrival: Arrival) => void

const WATCH = '/grpc.health.v1.Health/Watch'
/** Refused requests with unsent answers; beyond this number they are reset. */
export const MAX_REFUSED = 256

const NO_ERROR = 0
const REFUSED_STREAM = 7
const CANCEL = 8

/**
 * Enforces that requests arrive completely, in time and within the size limit. A refused check gets gRPC's OK
 * with a denial, because Envoy may treat an error as an allow.
 */
export function createAdmission({ bounds, connectionOf, shed, refuse }: Parts) {
  const streams = createShares({ all: bounds.streams, each: bounds.streamsPerAddress })
  const parts = createShares({ all: bounds.arriving, each: bounds.arrivingPerAddress })
  const memory = createShares({ all: bounds.bytes, each: bounds.bytesPerAddress })
  const arriving = createOldestFirst<Arrival>()
  const answering = createOldestFirst<Arrival>()
  let watches = 0
  let refused = 0

  const interceptor: ServerInterceptor = ({ path }, call) => {
    const stream = streamOf(call)
    if (stream === undefined) throw new Error('grpc-js no longer has the HTTP/2 stream of a call')
    const connection = stream.session === undefined ? undefined : connectionOf(stream.session)
    if (connection === undefined) stream.close(CANCEL)
    else begin(arrivalOf(call, stream, path, connection))
    return only(call)
  }

  /** Admits the requests of a session that grpc-js does not know, all with this path. */
  function admitOn(session: Http2Session, path: string) {
    const connection = connectionOf(session)
    return (stream: ServerHttp2Stream, answer: Answer) => {
      // Its 'close' is what counts.
      stream.on('error', () => {})
      if (connection === undefined) stream.close(CANCEL)
      else begin(arrivalOf(undefined, stream, path, connection), answer)
    }
  }

  function begin(arrival: Arrival, answer?: Answer) {
    const { stream, address, connection } = arrival
    connection.began()
    stream.once('close', () => end(arrival))
    if (!streams.take(address, 1)) return turnAway(arrival, 'grpc-streams')
    arrival.holds.stream = true
    if (arrival.path === WATCH) {
      if (watches >= bounds.watches) return turnAway(arrival, 'grpc-watches')
      arrival.holds.watch = true
      watches += 1
    }
    if (!parts.take(address, 1)) return turnAway(arrival, 'grpc-streams')
    arriving.add(arrival)
    if (answer === undefined) interpose(stream, (bytes) => take(arrival, bytes))
    else stream.on('data', (bytes: Buffer) => read(arrival, bytes, answer))
    stream.once('end', () => {
      if (answer !== undefined && !isComplete(arrival))
        respondError(stream, status.UNIMPLEMENTED, NO_MESSAGE)
      arrived(arrival)
    })
  }

  function read(arrival: Arrival, bytes: Buffer, answer: Answer) {
    const message = take(arrival, bytes) ? messageWith(arrival, bytes) : undefined
    if (message !== undefined) answer(message, arrival)
  }

  function arrived(arrival: Arrival) {
    if (!whole(arrival) || arrival.path === WATCH) return
    arrival.since = performance.now()
    answering.add(arrival)
  }

  /** The request is complete; `false`: it already was. */
  function whole(arrival: Arrival): boolean {
    const awaited = arriving.delete(arrival)
    if (awaited) parts.give(arrival.address, 1)
    return awaited
  }

  function end(arrival: Arrival) {
    const { address, connection, holds } = arrival
    whole(arrival)
    answering.delete(arrival)
    if (holds.stream) streams.give(address, 1)
    if (holds.watch) watches -= 1
    if (holds.refusal) refused -= 1
    memory.give(address, chargedOf(arrival))
    connection.ended()
  }

  /** `false`: drop these bytes. */
  function take(arrival: Arrival, bytes: Buffer): boolean {
    arrival.connection.brought(bytes.length)
    const cause = faultOf(arrival, bytes, bounds, memory)
    if (cause !== undefined) {
      turnAway(arrival, cause)
      return false
    }
    return true
  }

  function turnAway(arrival: Arrival, cause: RequestShed) {
    const { call, stream, path } = arrival
    if (stream.headersSent) return dismiss(arrival)
    shed(cause)
    arrival.connection.refused()
    whole(arrival)
    discard(stream)
    if (refused >= MAX_REFUSED) return stream.close(REFUSED_STREAM)
    refused += 1
    arrival.holds.refusal = true
    arrival.since = performance.now()
    answering.add(arrival)
    const answer = refuse(path, cause)
    // The rest of the request is not needed.
    const leave = () => setImmediate(() => stream.close(NO_ERROR))
    if (answer === undefined) {
      call?.sendStatus(TOO_MUCH)
      leave()
      return
    }
    if (call === undefined) respond(stream, answer)
    else sendAnswer(call, answer)
    // The trailers are sent on this event.
    stream.once('wantTrailers', leave)
  }

  /** Its message is answered already, and the rest is not needed. */
  function dismiss(arrival: Arrival) {
    const { stream } = arrival
    whole(arrival)
    if (stream.writableFinished) return stream.close(NO_ERROR)
    shed('grpc-answer-late')
    stream.close(CANCEL)
  }

  function* endLate() {
    const now = performance.now()
    const late = (arrival: Arrival | undefined, limitMs: number): arrival is Arrival =>
      arrival !== undefined && now - arrival.since >= limitMs
    for (let one = arriving.first(); late(one, bounds.arrivalMs); one = arriving.first()) {
      turnAway(one, 'grpc-message-late')
      yield
    }
    for (let one = answering.first(); late(one, bounds.answerMs); one = answering.first()) {
      shed('grpc-answer-late')
      answering.delete(one)
      one.stream.close(CANCEL)
      yield
    }
  }
  const sweep = createSweep(endLate)

  return {
    interceptor,
    admitOn,
    /** Requests in flight, and their bytes. */
    held: () => ({ streams: streams.taken(), bytes: memory.taken() }),
    close: sweep.close,
  }
}

const TOO_MUCH = { code: status.RESOURCE_EXHAUSTED, details: 'too many requests', metadata: null }
