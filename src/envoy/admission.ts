// Limits the requests and bytes in flight on a listener.

import { createBufferPool } from '../common/buffer-pool.ts'
import { createOldestFirst } from '../common/oldest-first.ts'
import { ERROR } from '../http2/protocol.ts'
import type { RequestHead } from '../http2/request-head.ts'
import type { StreamHandlers } from '../http2/stream.ts'
import {
  type Arrival,
  arrivalOf,
  chargedOf,
  dropParts,
  faultOf,
  isComplete,
  receive,
} from './arrival.ts'
import type { Bounds, GrpcShed } from './bounds.ts'
import type { Connection } from './connections.ts'
import { errorHead, respond } from './grpc-response.ts'
import { status } from './grpc-status.ts'
import type { FoundMethod } from './methods.ts'
import type { RequestShed } from './refuse.ts'
import { createShares } from './shares.ts'
import { createSweep } from './sweep.ts'

type Parts = {
  readonly bounds: Bounds
  readonly find: (head: RequestHead) => FoundMethod
  readonly shed: (cause: GrpcShed) => void
  /** The answer to a request that is not read; `undefined`: it is not a check. */
  readonly refuse: (path: string, cause: RequestShed) => Buffer | undefined
}

/** Refused requests with unsent answers; beyond this number they are reset. */
export const MAX_REFUSED = 256
/** The length of the shortest buffer for a message, and the bytes of buffers that are kept for later messages. */
const LEAST_BUFFER_BYTES = 4_096
export const MAX_BUFFER_BYTES = 8_388_608

const NO_MESSAGE = errorHead(status.UNIMPLEMENTED, 'the request has no message')
const TOO_MUCH = errorHead(status.RESOURCE_EXHAUSTED, 'too many requests')

/**
 * Enforces that requests arrive completely, in time and within the size limit. A refused check gets gRPC's OK
 * with a denial, because Envoy may treat an error as an allow.
 */
export function createAdmission({ bounds, find, shed, refuse }: Parts) {
  const streams = createShares({ all: bounds.streams, each: bounds.streamsPerAddress })
  const parts = createShares({ all: bounds.arriving, each: bounds.arrivingPerAddress })
  const memory = createShares({ all: bounds.bytes, each: bounds.bytesPerAddress })
  const buffers = createBufferPool({ least: LEAST_BUFFER_BYTES, most: MAX_BUFFER_BYTES })
  const arriving = createOldestFirst<Arrival>()
  const answering = createOldestFirst<Arrival>()
  let watches = 0
  let refused = 0

  /** Handles the requests of a connection. */
  const handlersOf = (connection: Connection): StreamHandlers<Arrival> => ({
    begin: (stream, http2) => {
      const found = find(stream.head)
      const isCall = 'method' in found
      const arrival = isCall
        ? arrivalOf(stream, http2, connection, found.method, found.deadline)
        : arrivalOf(stream, http2, connection)
      stream.state = arrival
      begin(arrival)
      if (isCall) return
      arrival.isRefused = true
      http2.sendHead(stream, found.error, true)
    },
    data: ({ state }, bytes) => {
      if (state !== undefined) read(state, bytes)
    },
    end: ({ state }) => {
      if (state !== undefined) arrived(state)
    },
    close: ({ state }) => {
      if (state !== undefined) end(state)
    },
    fail: () => shed('grpc-connections-faulty'),
  })

  function begin(arrival: Arrival) {
    const { address, connection, method } = arrival
    connection.began()
    if (!streams.take(address, 1)) return turnAway(arrival, 'grpc-streams')
    arrival.holds.stream = true
    if (method?.isWatch === true) {
      if (watches >= bounds.watches) return turnAway(arrival, 'grpc-watches')
      arrival.holds.watch = true
      watches += 1
    }
    if (!parts.take(address, 1)) return turnAway(arrival, 'grpc-streams')
    arriving.add(arrival)
  }

  function read(arrival: Arrival, bytes: Buffer) {
    if (arrival.isRefused) return
    const cause = faultOf(arrival, bytes, memory)
    if (cause !== undefined) return turnAway(arrival, cause)
    receive(arrival, bytes, buffers)
  }

  /** The request has ended. */
  function arrived(arrival: Arrival) {
    const { stream, http2 } = arrival
    if (!arrival.isRefused && !isComplete(arrival)) http2.sendHead(stream, NO_MESSAGE, true)
    if (!whole(arrival) || stream.localClosed || arrival.holds.watch) return
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
    dropParts(arrival, buffers)
    arrival.ended?.()
    connection.ended()
  }

  function turnAway(arrival: Arrival, cause: RequestShed) {
    const { stream, http2, method, connection } = arrival
    arrival.isRefused = true
    dropParts(arrival, buffers)
    if (stream.headersSent) return dismiss(arrival)
    shed(cause)
    connection.refused()
    whole(arrival)
    if (refused >= MAX_REFUSED) return http2.reset(stream, ERROR.refusedStream)
    refused += 1
    arrival.holds.refusal = true
    arrival.since = performance.now()
    answering.add(arrival)
    // The rest of the request is not needed.
    stream.isCut = true
    const answer = refuse(method?.path ?? '', cause)
    if (answer === undefined) http2.sendHead(stream, TOO_MUCH, true)
    else respond(arrival, answer)
  }

  /** Its message is answered already, and the rest is not needed. */
  function dismiss(arrival: Arrival) {
    const { stream, http2 } = arrival
    whole(arrival)
    if (stream.localClosed) return http2.reset(stream, ERROR.noError)
    shed('grpc-answer-late')
    http2.reset(stream, ERROR.cancel)
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
      one.http2.reset(one.stream, ERROR.cancel)
      yield
    }
  }
  const sweep = createSweep(endLate)

  return {
    handlersOf,
    /** Requests in flight, and their bytes. */
    held: () => ({ streams: streams.taken(), bytes: memory.taken() }),
    close: sweep.close,
  }
}
