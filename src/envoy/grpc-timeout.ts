// Reads the header grpc-timeout.

const TIMEOUT = /^(\d{1,8})([HMSmun])$/
const UNIT_MS: ReadonlyMap<string | undefined, number> = new Map([
  ['H', 3_600_000],
  ['M', 60_000],
  ['S', 1_000],
  ['m', 1],
  ['u', 0.001],
  ['n', 0.000_001],
])

/** The deadline as `now`, in milliseconds; infinite without the header. `undefined`: the header is not valid. */
export function deadlineOf(
  timeout: string | readonly string[] | undefined,
  now: () => number = Date.now,
): number | undefined {
  if (timeout === undefined) return Number.POSITIVE_INFINITY
  if (typeof timeout !== 'string') return undefined
  const [, amount, unit] = TIMEOUT.exec(timeout) ?? []
  const unitMs = UNIT_MS.get(unit)
  return unitMs === undefined ? undefined : now() + Number(amount) * unitMs
}
