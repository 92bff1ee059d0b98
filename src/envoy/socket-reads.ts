// Starts and stops reading from a socket.

import type { Socket } from 'node:net'

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

type Handle = { readonly readStart: () => unknown; readonly readStop: () => unknown }

const isHandle = (handle: unknown): handle is Handle =>
  typeof handle === 'object' &&
  handle !== null &&
  'readStart' in handle &&
  typeof handle.readStart === 'function' &&
  'readStop' in handle &&
  typeof handle.readStop === 'function'
