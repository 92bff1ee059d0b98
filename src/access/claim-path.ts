import { isRecord } from '../common/json.ts'

/** The payload of a JWT. Only own properties are claims. */
export type Claims = Readonly<Record<string, unknown>>

/** `name` is the last key of the path. */
export type FoundClaim = { readonly name: string; readonly value: unknown }

/**
 * What a path leads to. At each dot the longest key that exists is taken. `absent`: there is no such
 * claim. `blocked`: the path leads through something else than an object, or could be read another way.
 */
export function findClaim(holder: Claims, path: string): FoundClaim | 'absent' | 'blocked' {
  for (let end = path.length; end >= 0; end = shorterEnd(path, end)) {
    const name = path.slice(0, end)
    if (!Object.hasOwn(holder, name)) continue
    const value = holder[name]
    if (end === path.length) return { name, value }
    if (!isRecord(value)) return 'blocked'
    const found = findClaim(value, path.slice(end + 1))
    const other = shorterEnd(path, end)
    return found === 'absent' && somePrefix(path, other, (key) => Object.hasOwn(holder, key))
      ? 'blocked'
      : found
  }
  return 'absent'
}

/** Whether this holds for the path up to `end`, or up to a dot before it. */
export function somePrefix(path: string, end: number, holds: (prefix: string) => boolean): boolean {
  for (let at = end; at >= 0; at = shorterEnd(path, at)) {
    if (holds(path.slice(0, at))) return true
  }
  return false
}

/** -1: there is no dot before `end`. */
const shorterEnd = (path: string, end: number): number =>
  end === 0 ? -1 : path.lastIndexOf('.', end - 1)
