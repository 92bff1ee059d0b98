// Tracks a request from its headers to its end.

import type { BufferPool } from '../common/buffer-pool.ts'
import { type Member, NOT_QUEUED } from '../common/oldest-first.ts'
import { ownBytes } from '../common/own-bytes.ts'
import type { ServerConnection, ServerStream } from '../http2/stream.ts'
import { type GrpcShed, LASTING_BYTES } from './bounds.ts'
import type { Connection } from './connections.ts'
import type { Shares } from './shares.ts'

/** The stream of a request. */
export type CallStream = ServerStream<Arrival>

/** A request from its headers to its end. */
export interface Arrival extends Member<Arrival> {
  readonly stream: CallStream
  readonly http2: ServerConnection<Arrival>
  /** `undefined`: it is answered already, with an error. */
  readonly method: Method | undefined
  readonly connection: Connection
  readonly address: string
  /** As `Date.now()`. */
  readonly deadline: number
  /** The resources to release. */
  readonly holds: { stream: boolean; watch: boolean; refusal: boolean }
  /** Bytes of the frame header read so far, and the length it declares. */
  frame: number
  length: number
  /** In bytes, including the frame header. */
  received: number
  /** The bytes of an incomplete message without the frame header, and room for more. */
  parts: Buffer | undefined
  /** Its answer is known: further bytes are dropped. */
  isRefused: boolean
  /** When it started, then when it was complete, as `performance.now()`. */
  since: number
  /** Called at its end, once. */
  ended: (() => void) | undefined
}

/** A method of a service. */
export type Method = {
  readonly path: string
  /** Longest message, in bytes. */
  readonly maxBytes: number
  /** A watch is answered until its client leaves. */
  readonly isWatch: boolean
  /** Answers a message on the stream of the request; one longer than `LASTING_BYTES` is not valid afterwards. */
  readonly answer: (message: Buffer, arrival: Arrival) => void
}

/** Bytes per request that do not count. */
export const FREE_BYTES = 8_192
/** A flag, and the message length in four bytes. */
export const FRAME_BYTES = 5

export const arrivalOf = (
  stream: CallStream,
  http2: ServerConnection<Arrival>,
  connection: Connection,
  method?: Method,
  deadline = 0,
): Arrival => ({
  stream,
  http2,
  method,
  connection,
  address: connection.address,
  deadline,
  holds: { stream: false, watch: false, refusal: false },
  frame: 0,
  length: 0,
  received: 0,
  parts: undefined,
  isRefused: false,
  since: performance.now(),
  ended: undefined,
  ...NOT_QUEUED,
})

/** The bytes that count. An ordinary check is free, and the number of checks is bounded. */
export const chargedOf = ({ received }: Pick<Arrival, 'received'>): number =>
  Math.max(0, received - FREE_BYTES)

type MessageFault = Extract<
  GrpcShed,
  'grpc-message-size' | 'grpc-message-compressed' | 'grpc-memory'
>

/** The fault of a message, as far as it has arrived. */
export function faultOf(arrival: Arrival, bytes: Buffer, memory: Shares): MessageFault | undefined {
  const { maxBytes = 0 } = arrival.method ?? {}
  const held = chargedOf(arrival)
  arrival.received += bytes.length
  const more = chargedOf(arrival) - held
  if (more > 0 && !memory.take(arrival.address, more)) {
    arrival.received -= bytes.length
    return 'grpc-memory'
  }
  // The header may arrive byte by byte.
  for (let at = 0; at < bytes.length && arrival.frame < FRAME_BYTES; at += 1) {
    const byte = bytes[at] ?? 0
    if (arrival.frame === 0 && byte !== 0) return 'grpc-message-compressed'
    if (arrival.frame > 0) arrival.length = arrival.length * 256 + byte
    arrival.frame += 1
  }
  const framed = arrival.frame === FRAME_BYTES
  const surplus = framed && arrival.received > FRAME_BYTES + arrival.length
  return surplus || arrival.length > maxBytes ? 'grpc-message-size' : undefined
}

/** Whether all bytes of the message have arrived. */
export const isComplete = ({ frame, length, received }: Arrival): boolean =>
  frame === FRAME_BYTES && received === FRAME_BYTES + length

/**
 * Keeps these bytes until the message is complete, and answers it then. They are without a fault. The bytes of a message
 * longer than `LASTING_BYTES` are used again after its answer.
 */
export function receive(arrival: Arrival, bytes: Buffer, buffers: BufferPool): void {
  const { method } = arrival
  if (!isComplete(arrival)) {
    arrival.parts = keep(arrival, bytes, buffers)
  } else if (arrival.parts === undefined) {
    method?.answer(bytes.subarray(FRAME_BYTES), arrival)
  } else {
    const parts = keep(arrival, bytes, buffers)
    arrival.parts = undefined
    const message = parts.subarray(0, arrival.length)
    method?.answer(message.length > LASTING_BYTES ? message : ownBytes(message), arrival)
    buffers.give(parts)
  }
}

/** Adds the bytes that follow the frame header: a message may arrive byte by byte. */
function keep({ parts, received, length }: Arrival, bytes: Buffer, buffers: BufferPool): Buffer {
  const before = received - bytes.length
  const at = Math.max(0, before - FRAME_BYTES)
  const content = bytes.subarray(Math.max(0, FRAME_BYTES - before))
  const needed = at + content.length
  if (parts !== undefined && parts.length >= needed) {
    content.copy(parts, at)
    return parts
  }
  const grown = buffers.take(Math.max(needed, Math.min(length, 2 * needed)))
  content.copy(grown, at)
  if (parts === undefined) return grown
  parts.copy(grown, 0, 0, at)
  buffers.give(parts)
  return grown
}

/** Drops the bytes of a message that nobody needs any more. */
export function dropParts(arrival: Arrival, buffers: BufferPool): void {
  if (arrival.parts === undefined) return
  buffers.give(arrival.parts)
  arrival.parts = undefined
}
