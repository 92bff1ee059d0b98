// The streams of a connection, and its end.

import type { Duplex } from 'node:stream'
import type { Output } from './output.ts'
import { createPatience } from './patience.ts'
import { ERROR, type ErrorCode, LAST_STREAM } from './protocol.ts'
import { createSender } from './sender.ts'
import type { ServerStream, StreamHandlers } from './stream.ts'
import { StreamTable } from './stream-table.ts'

/** The useless frames that an answer makes good. */
const EARNED = 4
/** Streams that were reset last: their client may not know it yet. */
const RESETS = 64
/** From the end of the server's side to that of the client's, in milliseconds. */
const CLOSE_MS = 1_000

type Parts<State> = {
  readonly socket: Duplex
  readonly output: Output
  readonly handlers: Pick<StreamHandlers<State>, 'close' | 'fail'>
}

/** What becomes of a connection and its streams. */
export type Lifecycle<State> = ReturnType<typeof createLifecycle<State>>

export function createLifecycle<State>({ socket, output, handlers }: Parts<State>) {
  const patience = createPatience()
  /** Answers do not make resets good: a client could have any number of requests begun and reset. */
  const resetPatience = createPatience()
  const streams = new StreamTable<State>()
  const sender = createSender(output, streams, answered)
  const resets: number[] = []
  let lastId = 0
  /** Later requests are not begun. */
  let lastServedId = LAST_STREAM
  let isOver = false

  function answered(stream: ServerStream<State>) {
    patience.earn(EARNED)
    if (stream.remoteClosed) forget(stream, ERROR.noError)
    else if (stream.isCut) reset(stream, ERROR.noError)
  }

  /** Ends the connection for a fault of its client. */
  function fail(code: ErrorCode) {
    if (isOver) return
    sender.sendGoAway(Math.min(lastId, lastServedId), code)
    end()
    handlers.fail(code)
  }

  function end() {
    if (isOver) return
    isOver = true
    output.flush()
    // Closed with unread bytes, TCP would drop the last answers.
    socket.end()
    socket.resume()
    if (!socket.destroyed) setTimeout(() => socket.destroy(), CLOSE_MS).unref()
    for (const stream of streams.all()) forget(stream, ERROR.cancel)
  }

  function forget(stream: ServerStream<State>, code: number) {
    if (!streams.delete(stream)) return
    stream.localClosed = true
    stream.remoteClosed = true
    stream.waiting = []
    stream.trailers = undefined
    handlers.close(stream, code)
    if (isClosing() && streams.size === 0) end()
  }

  function reset(stream: ServerStream<State>, code: ErrorCode) {
    if (isOver || streams.get(stream.id) !== stream) return
    sendReset(stream.id, code)
    forget(stream, code)
  }

  function sendReset(id: number, code: ErrorCode) {
    if (resets.push(id) > RESETS) resets.shift()
    sender.sendReset(id, code)
  }

  /** A frame brought no request forward. */
  function bear(amount = 1) {
    if (!patience.bear(amount)) fail(ERROR.enhanceYourCalm)
  }

  /** A request was reset, by its client or for a fault of it. */
  function bearReset() {
    if (!resetPatience.bear()) fail(ERROR.enhanceYourCalm)
  }

  const isClosing = (): boolean => lastServedId !== LAST_STREAM

  return {
    streams,
    sender,
    fail,
    end,
    forget,
    reset,
    bear,
    bearReset,
    isOver: () => isOver,
    isClosing,
    /** A fault of a stream that is not open. */
    refuse: (id: number, code: ErrorCode): void => {
      sendReset(id, code)
      bearReset()
    },
    /** A fault of an open stream. */
    punish: (stream: ServerStream<State>, code: ErrorCode): void => {
      reset(stream, code)
      bearReset()
    },
    /** The client may send frames until it has read that the stream was reset, or not begun. */
    wasReset: (id: number): boolean => id > lastServedId || resets.includes(id),
    /** Whether no request has had this number yet, or none can have it. */
    isIdle: (id: number): boolean => id > lastId || id % 2 === 0,
    began: (id: number): void => {
      lastId = id
    },
    /** Tells the client to begin no more requests here. Those that are on their way are answered. */
    warn: (): void => {
      if (!isClosing() && !isOver) sender.sendGoAway(LAST_STREAM, ERROR.noError)
    },
    /** Begins no more requests, and ends the connection after the last one. */
    close: (): void => {
      if (isClosing() || isOver) return
      lastServedId = lastId
      sender.sendGoAway(lastId, ERROR.noError)
      if (streams.size === 0) end()
    },
  }
}
