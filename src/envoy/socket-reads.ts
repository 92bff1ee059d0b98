// Starts and stops reading from a socket.

import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import type { ConnectionControl } from '../http2/stream.ts'

/** Starts and stops reading from the kernel. */
export type Reads = { readonly start: () => void; readonly stop: () => void }

/**
 * HTTP/2 reads from the handle of a socket, which `socket.pause()` does not stop. The field is private; a
 * test checks that it exists.
 */
export function readsOf(socket: Socket): Reads | undefined {
  const handle: unknown = Reflect.get(socket, '_handle')
  return isHandle(handle)
    ? { start: () => void handle.readStart(), stop: () => void handle.readStop() }
    : undefined
}

/**
 * Starts and stops HTTP/2, too, in the middle of what has arrived. While HTTP/2 takes nothing of it, nothing more is read
 * from the kernel: it would only wait in memory.
 */
export const turnReadsOf = (
  held: { readonly http2: ConnectionControl | undefined; readonly readable: Readable },
  reads: Reads,
): Reads => ({
  start: () => {
    held.http2?.resume()
    const { readableLength, readableHighWaterMark } = held.readable
    if (readableLength < readableHighWaterMark) reads.start()
  },
  stop: () => {
    reads.stop()
    held.http2?.pause()
  },
})

type Handle = { readonly readStart: () => unknown; readonly readStop: () => unknown }

const isHandle = (handle: unknown): handle is Handle =>
  typeof handle === 'object' &&
  handle !== null &&
  'readStart' in handle &&
  typeof handle.readStart === 'function' &&
  'readStop' in handle &&
  typeof handle.readStop === 'function'
