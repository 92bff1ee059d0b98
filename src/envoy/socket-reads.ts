import type { Socket } from 'node:net'

/** Whether bytes of a connection are taken from the kernel. */
export type Reads = { readonly start: () => void; readonly stop: () => void }

/**
 * HTTP/2 reads from the handle below a socket, and `socket.pause()` does not reach that. The field is private,
 * and a test shows that it is there.
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
