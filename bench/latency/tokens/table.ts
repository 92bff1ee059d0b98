/** One row of a Markdown table. */
export const row = (...cells: readonly (string | number)[]) =>
  void process.stdout.write(`| ${cells.join(' | ')} |\n`)

/** The median, the 99th percentile and the maximum. */
export function quantiles(values: readonly number[]): readonly [number, number, number] {
  const sorted = values.toSorted((one, other) => one - other)
  const at = (part: number) => sorted[Math.ceil(part * sorted.length) - 1] ?? Number.NaN
  return [at(0.5), at(0.99), at(1)]
}

/** The number of occurrences of each text. */
export function tally(texts: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1)
  return [...counts].map(([text, count]) => `${count} ${text}`).join(', ')
}
