// Reports keys that are not used, each once.

import type { LeftOutJwk } from './read-jwk.ts'

/** Keys named in one report, and the length of a name. */
export const MAX_NAMED_JWKS = 16
export const MAX_JWK_NAME = 64

/** Reports unused keys, each once, and again after it was gone. */
export function createLeftOutReport(
  report: (text: string) => void,
): (leftOut: readonly LeftOutJwk[]) => void {
  let told: ReadonlySet<string> = new Set()
  return (leftOut) => {
    const all = new Set(leftOut.map(describe))
    const fresh = [...all].filter((each) => !told.has(each))
    told = all
    if (fresh.length === 0) return
    const more = fresh.length > MAX_NAMED_JWKS ? [`and ${fresh.length - MAX_NAMED_JWKS} more`] : []
    report([...fresh.slice(0, MAX_NAMED_JWKS), ...more].join(', '))
  }
}

const describe = ({ name, leftOut }: LeftOutJwk): string =>
  `${name === undefined ? 'a key without kid' : `kid ${shown(name)}`}: ${leftOut}`

const shown = (name: string): string => name.slice(0, MAX_JWK_NAME).replaceAll(/[^\x21-\x7e]/g, '?')
