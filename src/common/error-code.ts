// Reads the codes of system errors.

/** The code of a system error, such as ECONNREFUSED; `undefined`: it has none. */
export function errorCode(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : undefined
}
