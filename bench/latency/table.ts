/** A result: measured many times, or once. */
export type Row = {
  readonly title: string
  /** In milliseconds. */
  readonly waits: readonly number[]
  /** Limit of the 99th percentile, in milliseconds; `undefined`: nothing is promised. */
  readonly limitMs?: number | undefined
}

/** A percentile that is one of the values. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? Number.NaN
}

export const isKept = ({ waits, limitMs = Number.POSITIVE_INFINITY }: Row): boolean =>
  waits.length > 0 && percentile(waits, 0.99) < limitMs

/** Rows as a Markdown table. */
export function tableOf(rows: readonly Row[]): string {
  const cells = rows.map((row) => [
    row.title,
    String(row.waits.length),
    ...[0.5, 0.99, 1].map((part) => percentile(row.waits, part).toFixed(1)),
    row.limitMs === undefined ? '' : isKept(row) ? 'kept' : 'MISSED',
  ])
  return markdown(
    ['milliseconds until an answer follows', 'times', 'p50', 'p99', 'max', 'p99'],
    cells,
  )
}

/** A table of names and values. */
export const factsOf = (facts: readonly (readonly [name: string, value: string])[]): string =>
  markdown(['', 'measured'], facts)

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  const line = (row: readonly string[]) =>
    `| ${widths.map((width, column) => (row[column] ?? '').padEnd(width)).join(' | ')} |`
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`
  return [line(head), rule, ...rows.map(line)].join('\n')
}
