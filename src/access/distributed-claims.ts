// Detects claims that a JWT leaves out (distributed and aggregated claims).

import { isRecord } from '../common/json.ts'
import { type Claims, somePrefix } from './claim-path.ts'

/** The claims that a token declares as left out, completely or in part. `all`: it does not say which. */
type LeftOut = { readonly names: ReadonlySet<string>; readonly all: boolean }

const NOTHING: LeftOut = { names: new Set(), all: false }
const known = new WeakMap<Claims, LeftOut>()

/** Whether the claim at a path, or one on the way to it, may have more values than the token. */
export function isIncomplete(claims: Claims, path: string): boolean {
  const { names, all } = leftOutOf(claims)
  return all || (names.size > 0 && somePrefix(path, path.length, (name) => names.has(name)))
}

function leftOutOf(claims: Claims): LeftOut {
  const found = known.get(claims)
  if (found !== undefined) return found
  const read = readLeftOut(claims)
  known.set(claims, read)
  return read
}

/** Whether a claim only references the source of its value, as Entra ID does for groups. */
export function isReference(claims: Claims, value: unknown): boolean {
  if (typeof value !== 'string') return false
  const sources = own(claims, '_claim_sources')
  return isRecord(sources) && Object.hasOwn(sources, value)
}

/** `groups:src1`, of Entra ID. */
const LINK = /^(.+):src\d+$/s
const LINKED = ':src'

/** `_claim_names`: OpenID Connect Core 1.0, section 5.6.2. `hasgroups` is Entra ID's. */
function readLeftOut(claims: Claims): LeftOut {
  const distributed = own(claims, '_claim_names') ?? {}
  const links = Object.keys(claims)
    .filter((name) => name.includes(LINKED))
    .flatMap((name) => LINK.exec(name)?.[1] ?? [])
  const groups = saysYes(own(claims, 'hasgroups')) ? ['groups'] : []
  const all = !isRecord(distributed)
  const names = new Set([...Object.keys(all ? {} : distributed), ...links, ...groups])
  return all || names.size > 0 ? { names, all } : NOTHING
}

const NOES: readonly unknown[] = [undefined, null, false, 'false']

const saysYes = (value: unknown): boolean => !NOES.includes(value)

const own = (claims: Claims, name: string): unknown =>
  Object.hasOwn(claims, name) ? claims[name] : undefined
