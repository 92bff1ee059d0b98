// Finds a claim in a JWT by a path with dots.

import { isRecord } from '../common/json.ts'

/** The payload of a JWT. Only own properties are claims. */
export type Claims = Readonly<Record<string, unknown>>

/** `name` is the last key of the path. */
export type FoundClaim = { readonly name: string; readonly value: unknown }

/**
 * The claim at a path. At each dot the longest existing key is taken. `absent`: there is no such claim.
 * `blocked`: the path leads through a value that is not an object, or is ambiguous.
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

/** Whether a prefix of the path satisfies `holds`: up to `end`, or up to a dot before it. */
export function somePrefix(path: string, end: number, holds: (prefix: string) => boolean): boolean {
  for (let at = end; at >= 0; at = shorterEnd(path, at)) {
    if (holds(path.slice(0, at))) return true
  }
  return false
}

/** -1: no dot before `end`. */
const shorterEnd = (path: string, end: number): number =>
  end === 0 ? -1 : path.lastIndexOf('.', end - 1)
