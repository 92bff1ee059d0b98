// A request and its answer on a connection.

import type { ErrorCode } from './protocol.ts'
import type { RequestHead } from './request-head.ts'

/** `State`: what the owner of the connection keeps for it. */
export interface ServerStream<State> {
  readonly id: number
  readonly head: RequestHead
  state: State | undefined
  /** Whether the client has ended the request, and whether the answer is ended. */
  remoteClosed: boolean
  localClosed: boolean
  /** Whether an answer has begun. */
  headersSent: boolean
  /** Bytes of data that the client still takes, and those that arrived since it was granted more. */
  sendWindow: number
  received: number
  /** Bytes of the request's content, without padding. */
  content: number
  /** Whether the stream is reset after its answer, although the request goes on. */
  isCut: boolean
  /** Data and trailers that wait for the window. */
  waiting: Buffer[]
  trailers: Buffer | undefined
}

/** The server's side of a connection. Header blocks must be whole and use no dynamic table. */
export type ServerConnection<State> = {
  /** Sends a whole answer, unless the stream has one. */
  readonly answer: (
    stream: ServerStream<State>,
    head: Buffer,
    data: Buffer,
    trailers: Buffer,
  ) => void
  /** Begins an answer, unless the stream has one; `isAll`: it has no data. */
  readonly sendHead: (stream: ServerStream<State>, head: Buffer, isAll: boolean) => void
  /** Sends data of an answer that has begun; with trailers it is the last. */
  readonly sendData: (stream: ServerStream<State>, data: Buffer, trailers?: Buffer) => void
  readonly reset: (stream: ServerStream<State>, code: ErrorCode) => void
  /** Stops reading, even in the middle of what has arrived, and goes on. */
  readonly pause: () => void
  readonly resume: () => void
  /** Ends the connection if a frame or a header block has been incomplete for so many milliseconds. */
  readonly endStuck: (limitMs: number) => void
  /** Tells the client to begin no more requests here. Those that are on their way are answered. */
  readonly warn: () => void
  /** Begins no more requests, and ends the connection after the last one. */
  readonly close: () => void
}

/** What the owner of a connection does with it as a whole. */
export type ConnectionControl = Pick<
  ServerConnection<unknown>,
  'warn' | 'close' | 'pause' | 'resume' | 'endStuck'
>

/** What happens to the streams of a connection. */
export type StreamHandlers<State> = {
  /** A request has begun. */
  readonly begin: (stream: ServerStream<State>, connection: ServerConnection<State>) => void
  /** Bytes of a request; kept, they retain everything that arrived with them. */
  readonly data: (stream: ServerStream<State>, bytes: Buffer) => void
  /** A request is whole. */
  readonly end: (stream: ServerStream<State>, connection: ServerConnection<State>) => void
  /** Called once for each stream that has begun; the code is that of a reset. */
  readonly close: (stream: ServerStream<State>, code: number) => void
  /** The connection is ended for a fault of its client. */
  readonly fail: (code: ErrorCode) => void
}

export const newStream = <State>(
  id: number,
  head: RequestHead,
  sendWindow: number,
): ServerStream<State> => ({
  id,
  head,
  state: undefined,
  remoteClosed: false,
  localClosed: false,
  headersSent: false,
  sendWindow,
  received: 0,
  content: 0,
  isCut: false,
  waiting: [],
  trailers: undefined,
})
