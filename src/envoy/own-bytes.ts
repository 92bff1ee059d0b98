/** For bytes that are kept: a piece of Node's pool would keep the 64 KiB around it. */
export function ownBytes(bytes: Buffer): Buffer {
  const own = Buffer.allocUnsafeSlow(bytes.length)
  bytes.copy(own)
  return own
}
