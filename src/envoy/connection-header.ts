/** What a Connection header may name (RFC 9110 section 7.6.1): nobody decides by one of these. */
const OPTIONS: ReadonlySet<string> = new Set([
  '',
  'close',
  'http2-settings',
  'keep-alive',
  'te',
  'upgrade',
])

/**
 * Whether a Connection header names no header that the next hop must not lose. Every hop drops what it
 * names; Envoy leaves it in place on an upgrade, so it could take away the headers that are set here.
 */
export const isPlainConnection = (connection: string | undefined): boolean =>
  connection === undefined ||
  connection.split(',').every((option) => OPTIONS.has(option.trim().toLowerCase()))
