// Reads a client's settings: RFC 9113 section 6.5.

import {
  ERROR,
  type ErrorCode,
  FIRST_WINDOW,
  GREATEST_FRAME_BYTES,
  GREATEST_WINDOW,
  HEADER_TABLE_BYTES,
  LEAST_FRAME_BYTES,
  SETTING,
} from './protocol.ts'

/** The settings of a client that a server follows. */
export type ClientSettings = {
  readonly initialWindow: number
  readonly maxFrameBytes: number
  readonly headerTableBytes: number
}

export const FIRST_SETTINGS: ClientSettings = {
  initialWindow: FIRST_WINDOW,
  maxFrameBytes: LEAST_FRAME_BYTES,
  headerTableBytes: HEADER_TABLE_BYTES,
}

/** The bytes of a setting, and settings of a frame that are read; a client needs six. */
const SETTING_BYTES = 6
export const MAX_SETTINGS = 32

/** The settings after this frame, or the error of it. */
export function readSettings(
  payload: Buffer,
  before: ClientSettings,
): ClientSettings | { readonly error: ErrorCode } {
  if (payload.length % SETTING_BYTES !== 0) return { error: ERROR.frameSizeError }
  if (payload.length > MAX_SETTINGS * SETTING_BYTES) return { error: ERROR.enhanceYourCalm }
  let { initialWindow, maxFrameBytes, headerTableBytes } = before
  for (let at = 0; at < payload.length; at += SETTING_BYTES) {
    const value = payload.readUInt32BE(at + 2)
    switch (payload.readUInt16BE(at)) {
      case SETTING.headerTableSize:
        headerTableBytes = value
        break
      case SETTING.enablePush:
        if (value > 1) return { error: ERROR.protocolError }
        break
      case SETTING.initialWindowSize:
        if (value > GREATEST_WINDOW) return { error: ERROR.flowControlError }
        initialWindow = value
        break
      case SETTING.maxFrameSize:
        if (value < LEAST_FRAME_BYTES || value > GREATEST_FRAME_BYTES)
          return { error: ERROR.protocolError }
        maxFrameBytes = value
        break
    }
  }
  return { initialWindow, maxFrameBytes, headerTableBytes }
}

/** A payload of settings. */
export function encodeSettings(settings: readonly (readonly [number, number])[]): Buffer {
  const payload = Buffer.allocUnsafe(settings.length * SETTING_BYTES)
  for (const [index, [id, value]] of settings.entries()) {
    payload.writeUInt16BE(id, index * SETTING_BYTES)
    payload.writeUInt32BE(value, index * SETTING_BYTES + 2)
  }
  return payload
}
