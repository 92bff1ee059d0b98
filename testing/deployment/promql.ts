/** One matcher of a selector. */
type Matcher = { readonly label: string; readonly operator: string; readonly value: string }

/** `name{label="value"}`, as in a query. */
export type Selector = { readonly name: string; readonly matchers: readonly Matcher[] }

/** The selectors of a query, and the labels by which it groups and joins. */
export type Query = { readonly selectors: readonly Selector[]; readonly labels: readonly string[] }

const TOKEN = /"(?:[^"\\]|\\.)*"|'[^']*'|\[[^\]]*\]|[a-zA-Z_:][\w:]*|[\d.]+[a-z]*|[=!]~|!=|\S/g
const NAME = /^[a-zA-Z_:][\w:]*$/
const LISTS = new Set(['by', 'without', 'on', 'ignoring', 'group_left', 'group_right'])
const WORDS = new Set(['and', 'or', 'unless', 'offset', 'bool', 'inf', 'nan'])

/** Parses a PromQL query that is known to be well-formed. */
export function readQuery(text: string): Query {
  const tokens = text.match(TOKEN) ?? []
  const selectors: Selector[] = []
  const labels: string[] = []
  let at = 0

  const until = (end: string): readonly string[] => {
    const from = at + 1
    while (at < tokens.length && tokens[at] !== end) at += 1
    if (at === tokens.length) throw new Error(`no ${end} in ${text}`)
    at += 1
    return tokens.slice(from, at - 1).filter((token) => token !== ',')
  }
  while (at < tokens.length) {
    const token = tokens[at] ?? ''
    at += 1
    if (token === '{') throw new Error(`a selector without a name in ${text}`)
    if (!NAME.test(token) || WORDS.has(token)) continue
    if (LISTS.has(token)) {
      if (tokens[at] === '(') labels.push(...until(')'))
    } else if (tokens[at] !== '(' && !LISTS.has(tokens[at] ?? '')) {
      const matchers = tokens[at] === '{' ? matchersOf(until('}')) : []
      selectors.push({ name: token, matchers })
    }
  }
  return { selectors, labels }
}

/** Three tokens each. */
function matchersOf(tokens: readonly string[]): readonly Matcher[] {
  const [label, operator, value, ...others] = tokens
  if (label === undefined || operator === undefined || value === undefined) return []
  return [{ label, operator, value: value.slice(1, -1) }, ...matchersOf(others)]
}

export function matches({ operator, value }: Matcher, found = ''): boolean {
  switch (operator) {
    case '=':
      return found === value
    case '!=':
      return found !== value
    case '=~':
      return new RegExp(`^(?:${value})$`).test(found)
    case '!~':
      return !new RegExp(`^(?:${value})$`).test(found)
    default:
      throw new Error(`no such operator: ${operator}`)
  }
}
