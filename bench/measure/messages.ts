/** The messages of a file, each with gRPC's length prefix. */
export function messagesIn(bytes: Buffer): readonly Buffer[] {
  const messages: Buffer[] = []
  for (let start = 0; start < bytes.length; ) {
    const end = start + 5 + bytes.readUInt32BE(start + 1)
    messages.push(bytes.subarray(start, end))
    start = end
  }
  return messages
}
