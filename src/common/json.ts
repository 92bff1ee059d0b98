// Parses JSON without quoting it, and reads bodies up to a limit.

/** Whether a value is a JSON object. Read its own properties only. */
export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

type Reviver = (key: string, value: unknown) => unknown

/** `undefined`: not JSON. The parser's own message would quote the text, which may contain secrets. */
export function parseJson(
  text: string,
  reviver?: Reviver,
): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text, reviver) }
  } catch {
    return undefined
  }
}

/** A body as UTF-8. `undefined`: it is longer than `maxBytes`; the rest was not read. */
export async function readText(
  body: AsyncIterable<unknown>,
  maxBytes: number,
): Promise<string | undefined> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body) {
    const bytes = chunk instanceof Uint8Array ? chunk : Buffer.from(String(chunk))
    length += bytes.length
    if (length > maxBytes) return undefined
    chunks.push(bytes)
  }
  return Buffer.concat(chunks).toString('utf8')
}
