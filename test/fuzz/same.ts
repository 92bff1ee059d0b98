/** Whether two values of JSON or of our readers are equal, without recursion: inputs may be deep. */
export function isSame(one: unknown, other: unknown): boolean {
  const rest: (readonly [unknown, unknown])[] = [[one, other]]
  for (let pair = rest.pop(); pair !== undefined; pair = rest.pop()) {
    const [left, right] = pair
    if (Object.is(left, right)) continue
    if (!isHolder(left) || !isHolder(right) || kindOf(left) !== kindOf(right)) return false
    const [mine, yours] = [entriesOf(left), entriesOf(right)]
    if (mine.length !== yours.length) return false
    const byKey = new Map(yours)
    for (const [key, value] of mine) {
      if (!byKey.has(key)) return false
      rest.push([value, byKey.get(key)])
    }
  }
  return true
}

const isHolder = (value: unknown): value is object => typeof value === 'object' && value !== null

const kindOf = (value: object): string =>
  value instanceof Map ? 'map' : Array.isArray(value) ? 'list' : 'object'

const entriesOf = (value: object): readonly (readonly [unknown, unknown])[] =>
  value instanceof Map ? [...value.entries()] : Object.entries(value)
