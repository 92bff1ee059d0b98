// Copies bytes out of larger buffers.

/** Copies bytes that are kept: a slice of Node's pool, or of what was read from a socket, would retain its 64 KiB. */
export function ownBytes(bytes: Buffer): Buffer {
  const own = Buffer.allocUnsafeSlow(bytes.length)
  bytes.copy(own)
  return own
}

/** Copies bytes only if they are a small part of the buffer that they would retain. */
export const withoutSurplus = (bytes: Buffer): Buffer =>
  2 * bytes.length < bytes.buffer.byteLength ? ownBytes(bytes) : bytes
