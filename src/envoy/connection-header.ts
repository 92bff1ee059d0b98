// Which Connection headers are harmless.

/** What a Connection header may name (RFC 9110 section 7.6.1): no decision depends on these. */
const OPTIONS: ReadonlySet<string> = new Set([
  '',
  'close',
  'http2-settings',
  'keep-alive',
  'te',
  'upgrade',
])

/**
 * Whether a Connection header names no header that the next hop needs. Every hop drops the named headers.
 * Envoy keeps a Connection header on an upgrade, so it could remove the headers set here.
 */
export const isPlainConnection = (connection: string | undefined): boolean =>
  connection === undefined ||
  connection.split(',').every((option) => OPTIONS.has(option.trim().toLowerCase()))
