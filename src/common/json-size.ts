// Estimates how much memory a value takes.

/** Of a string, an object or an array besides its content, and of each entry. */
const OVERHEAD_BYTES = 24

/**
 * The approximate size in bytes of strings, arrays and plain objects, such as parsed JSON, of any depth. Other objects,
 * which may be shared, count only as entries.
 */
export function approximateBytes(value: unknown): number {
  let bytes = 0
  const left = [value]
  for (let each = left.pop(); each !== undefined; each = left.pop()) {
    bytes += OVERHEAD_BYTES
    if (typeof each === 'string') bytes += each.length
    else if (isPlain(each)) for (const part of Object.values(each)) left.push(part ?? null)
  }
  return bytes
}

const isPlain = (value: unknown): value is object =>
  Array.isArray(value) ||
  (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype)
