// Copies bytes out of Node's buffer pool.

/** Copies bytes that are kept: a slice of Node's pool would retain its 64 KiB. */
export function ownBytes(bytes: Buffer): Buffer {
  const own = Buffer.allocUnsafeSlow(bytes.length)
  bytes.copy(own)
  return own
}
