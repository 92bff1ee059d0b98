// Takes the frames that carry neither headers nor data: RFC 9113 sections 6.3 to 6.9.

import type { Lifecycle } from './lifecycle.ts'
import { dependsOnItself, PRIORITY_BYTES } from './padding.ts'
import { ERROR, FLAG, LAST_STREAM } from './protocol.ts'
import { readSettings } from './settings.ts'

const NUMBER_BYTES = 4
const PING_BYTES = 8
/** Each open stream follows new settings. */
const SETTINGS_WEIGHT = 10
const LEAST_GO_AWAY_BYTES = 8

export type ControlFrames = {
  readonly takePriority: (id: number, payload: Buffer) => void
  readonly takeReset: (id: number, payload: Buffer) => void
  /** `isFirst`: they are due. */
  readonly takeSettings: (flags: number, id: number, payload: Buffer, isFirst: boolean) => void
  readonly takePing: (flags: number, id: number, payload: Buffer) => void
  readonly takeGoAway: (id: number, payload: Buffer) => void
  readonly takeWindowUpdate: (id: number, payload: Buffer) => void
}

export function createControlFrames<State>(lifecycle: Lifecycle<State>): ControlFrames {
  const { fail, bear, bearReset, punish, forget, close, isIdle, sender, streams } = lifecycle
  return {
    takePriority: (id, payload) => {
      if (id === 0) return fail(ERROR.protocolError)
      if (payload.length !== PRIORITY_BYTES) return fail(ERROR.frameSizeError)
      if (dependsOnItself(id, payload)) return fail(ERROR.protocolError)
      bear()
    },
    takeReset: (id, payload) => {
      if (isIdle(id)) return fail(ERROR.protocolError)
      if (payload.length !== NUMBER_BYTES) return fail(ERROR.frameSizeError)
      bearReset()
      const stream = streams.get(id)
      if (stream !== undefined) forget(stream, payload.readUInt32BE())
    },
    takeSettings: (flags, id, payload, isFirst) => {
      if (id !== 0) return fail(ERROR.protocolError)
      if ((flags & FLAG.ack) !== 0) {
        if (payload.length > 0) fail(ERROR.frameSizeError)
        else bear()
        return
      }
      if (!isFirst) bear(SETTINGS_WEIGHT)
      const settings = readSettings(payload, sender.settings())
      const error = 'error' in settings ? settings.error : sender.follow(settings)
      if (error !== ERROR.noError) return fail(error)
      sender.acknowledgeSettings()
    },
    takePing: (flags, id, payload) => {
      if (id !== 0) return fail(ERROR.protocolError)
      if (payload.length !== PING_BYTES) return fail(ERROR.frameSizeError)
      bear()
      if ((flags & FLAG.ack) === 0) sender.acknowledgePing(payload)
    },
    takeGoAway: (id, payload) => {
      if (id !== 0) return fail(ERROR.protocolError)
      if (payload.length < LEAST_GO_AWAY_BYTES) return fail(ERROR.frameSizeError)
      close()
    },
    takeWindowUpdate: (id, payload) => {
      if (id !== 0 && isIdle(id)) return fail(ERROR.protocolError)
      if (payload.length !== NUMBER_BYTES) return fail(ERROR.frameSizeError)
      bear()
      const more = payload.readUInt32BE() & LAST_STREAM
      const stream = streams.get(id)
      // The client may not know yet that its stream is closed.
      if (id !== 0 && stream === undefined) return
      const error = more === 0 ? ERROR.protocolError : sender.credit(stream, more)
      if (error === ERROR.noError) return
      if (stream === undefined) fail(error)
      else punish(stream, error)
    },
  }
}
