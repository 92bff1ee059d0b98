/** Evaluates claims by the documentation, word by word. Shares no code with the service. */
export type Told = 'yes' | 'no' | 'cannot tell'

type Claims = Readonly<Record<string, unknown>>
type Place = { readonly key: string; readonly value: unknown }

function tellClaim(claims: Claims, path: string, texts: readonly string[]): Told {
  if (texts.length === 0) return 'no'
  const top = new Map(Object.entries(claims))
  const steps = path.split('.')
  const place = walk(top, steps)
  if (place === 'cannot tell') return place
  const told = place === 'absent' ? 'no' : tellValue(top, place, texts)
  return told === 'no' && isMissing(top, steps) ? 'cannot tell' : told
}

/** Whether each required claim holds one of its texts. */
export function tellClaims(
  claims: Claims | undefined,
  wanted: Readonly<Record<string, readonly string[]>>,
): Told {
  if (claims === undefined) return 'no'
  return every(Object.entries(wanted).map(([path, texts]) => tellClaim(claims, path, texts)))
}

export const every = (told: readonly Told[]): Told =>
  told.includes('no') ? 'no' : told.includes('cannot tell') ? 'cannot tell' : 'yes'

export const some = (told: readonly Told[]): Told =>
  told.includes('yes') ? 'yes' : told.includes('cannot tell') ? 'cannot tell' : 'no'

function walk(
  holder: ReadonlyMap<string, unknown>,
  steps: readonly string[],
): Place | 'absent' | 'cannot tell' {
  const keys = steps.map((_, index) => steps.slice(0, index + 1).join('.'))
  const [key, ...others] = keys.filter((each) => holder.has(each)).reverse()
  if (key === undefined) return 'absent'
  const value = holder.get(key)
  const rest = steps.slice(keys.indexOf(key) + 1)
  if (rest.length === 0) return { key, value }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'cannot tell'
  const below = walk(new Map(Object.entries(value)), rest)
  return below === 'absent' && others.length > 0 ? 'cannot tell' : below
}

function tellValue(
  top: ReadonlyMap<string, unknown>,
  { key, value }: Place,
  texts: readonly string[],
): Told {
  const sources = top.get('_claim_sources')
  const isSource = typeof value === 'string' && Object.keys(Object(sources)).includes(value)
  if (isSource && typeof sources === 'object' && !Array.isArray(sources)) return 'cannot tell'
  const inList = Array.isArray(value)
  const values: readonly unknown[] = inList ? value : [value]
  return some(values.flatMap((one) => texts.map((text) => tellEntry(one, text, key, inList))))
}

function tellEntry(entry: unknown, text: string, key: string, inList: boolean): Told {
  switch (typeof entry) {
    case 'boolean':
      return (entry ? 'true' : 'false') === text ? 'yes' : 'no'
    case 'number':
      return tellNumber(entry, text)
    case 'string':
      return tellText(entry, text, key, inList)
    default:
      return 'cannot tell'
  }
}

function tellNumber(number: number, text: string): Told {
  const exact = Math.abs(number) < 2 ** 53 || number % 1 !== 0
  if (exact && `${number}` === text) return 'yes'
  let parsed: unknown
  try {
    parsed = JSON.parse(text.trim() === text ? text : '')
  } catch {
    return 'no'
  }
  return parsed === number ? 'cannot tell' : 'no'
}

function tellText(entry: string, text: string, key: string, inList: boolean): Told {
  if (entry === text) return 'yes'
  if (!/^(scope|scp|permissions?)$/.test(key)) return 'no'
  if (!inList && entry.split(' ').includes(text)) return 'yes'
  return entry.split(/[\s,]/).includes(text) ? 'cannot tell' : 'no'
}

/** Whether the token declares that it does not hold all of a claim. */
function isMissing(top: ReadonlyMap<string, unknown>, steps: readonly string[]): boolean {
  const paths = steps.map((_, index) => steps.slice(0, index + 1).join('.'))
  const names = top.get('_claim_names') ?? {}
  if (typeof names !== 'object' || Array.isArray(names)) return true
  const overage = top.get('hasgroups') ?? false
  return paths.some(
    (path) =>
      Object.keys(names).includes(path) ||
      (path === 'groups' && overage !== false && overage !== 'false') ||
      [...top.keys()].some(
        (key) => key.startsWith(`${path}:src`) && /^\d+$/.test(key.slice(path.length + 4)),
      ),
  )
}
