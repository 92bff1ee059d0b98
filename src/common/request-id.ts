// Ids of requests: texts of a client, or of a proxy.

/** In characters. */
export const MAX_REQUEST_ID = 128

/** Those of Envoy, of clouds and of clients: nothing that ends a value or a line, or quotes one. */
const QUOTABLE = /^[A-Za-z0-9._:=@+/-]+$/

/** Whether an answer may repeat it. The log then has it unchanged. */
export const isQuotable = (id: string): boolean => id.length <= MAX_REQUEST_ID && QUOTABLE.test(id)
