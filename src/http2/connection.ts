// The server's side of an HTTP/2 connection: RFC 9113.

import type { Duplex } from 'node:stream'
import { createControlFrames } from './control-frames.ts'
import { createFrameReader } from './frame-reader.ts'
import { MAX_LIST_BYTES } from './hpack.ts'
import { createLifecycle } from './lifecycle.ts'
import { createOutput } from './output.ts'
import { ERROR, FIRST_WINDOW, FLAG, FRAME, SETTING } from './protocol.ts'
import { CONNECTION_WINDOW, createRequestFrames, STREAM_WINDOW } from './request-frames.ts'
import { encodeSettings } from './settings.ts'
import type { ServerConnection, StreamHandlers } from './stream.ts'

const NOTHING = Buffer.alloc(0)
/** The longest time in which a client takes no more of its answers, in milliseconds. */
export const UNREAD_MS = 5_000

/** Serves the requests of a client. `maxStreams`: requests in flight at a time. */
export function serveHttp2<State>(
  socket: Duplex,
  maxStreams: number,
  handlers: StreamHandlers<State>,
): ServerConnection<State> {
  const output = createOutput(socket)
  const lifecycle = createLifecycle({ socket, output, handlers })
  const { sender, fail, bear } = lifecycle
  const requests = createRequestFrames({
    lifecycle,
    handlers,
    maxStreams,
    connection: () => connection,
  })
  const controls = createControlFrames(lifecycle)
  let isPaused = false
  const read = createFrameReader(take, fail, () => isPaused || output.isFull())
  let isSettled = false
  let isWaiting = false
  /** Since when a part of a frame or of a header block is kept, as `performance.now()`. */
  let keptSince: number | undefined

  function take(type: number, flags: number, id: number, payload: Buffer, isPart = false) {
    if (lifecycle.isOver()) return
    const unfinished = requests.unfinished()
    const isNext = unfinished === undefined || (type === FRAME.continuation && id === unfinished)
    if (unfinished === undefined) keptSince = undefined
    const isFirst = !isSettled
    isSettled ||= type === FRAME.settings && (flags & FLAG.ack) === 0
    if (!isNext || !isSettled) return fail(ERROR.protocolError)
    switch (type) {
      case FRAME.data:
        return requests.takeData(flags, id, payload, isPart)
      case FRAME.headers:
        return requests.takeHeaders(flags, id, payload)
      case FRAME.priority:
        return controls.takePriority(id, payload)
      case FRAME.rstStream:
        return controls.takeReset(id, payload)
      case FRAME.settings:
        return controls.takeSettings(flags, id, payload, isFirst)
      case FRAME.pushPromise:
        return fail(ERROR.protocolError)
      case FRAME.ping:
        return controls.takePing(flags, id, payload)
      case FRAME.goAway:
        return controls.takeGoAway(id, payload)
      case FRAME.windowUpdate:
        return controls.takeWindowUpdate(id, payload)
      case FRAME.continuation:
        return requests.takeContinuation(flags, payload)
      default:
        bear()
    }
  }

  function receive(bytes: Buffer) {
    if (lifecycle.isOver()) return
    const keepsPart = read(bytes)
    if (keepsPart || requests.unfinished() !== undefined) keptSince ??= performance.now()
    output.flush()
    if (!lifecycle.isOver() && output.isFull() && !isWaiting) waitForClient()
  }

  /** A client that does not read its answers is not read either. */
  function waitForClient() {
    isWaiting = true
    socket.pause()
    const late = setTimeout(() => socket.destroy(), UNREAD_MS).unref()
    socket.once('drain', () => {
      clearTimeout(late)
      isWaiting = false
      goOn()
      if (!isWaiting) socket.resume()
    })
  }

  function goOn() {
    if (!isPaused) receive(NOTHING)
  }

  const connection: ServerConnection<State> = {
    answer: sender.answer,
    sendHead: sender.sendHead,
    sendData: sender.sendData,
    reset: lifecycle.reset,
    pause: () => {
      isPaused = true
    },
    resume: () => {
      if (!isPaused) return
      isPaused = false
      process.nextTick(goOn)
    },
    endStuck: (limitMs) => {
      if (keptSince !== undefined && performance.now() - keptSince >= limitMs)
        fail(ERROR.enhanceYourCalm)
    },
    warn: lifecycle.warn,
    close: lifecycle.close,
  }
  sender.sendSettings(
    encodeSettings([
      [SETTING.maxConcurrentStreams, maxStreams],
      [SETTING.initialWindowSize, STREAM_WINDOW],
      [SETTING.maxHeaderListSize, MAX_LIST_BYTES],
    ]),
  )
  sender.grant(0, CONNECTION_WINDOW - FIRST_WINDOW)
  socket.on('data', receive)
  socket.once('close', lifecycle.end)
  socket.resume()
  return connection
}
