// Formats rows as a table, as kubectl does.

/** Columns with a heading, three spaces apart. */
export function tableOf(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = widthsOf(headings, rows)
  return `${[headings, ...rows].map((row) => lineOf(row, widths)).join('\n')}\n`
}

/** The width of each column. */
export const widthsOf = (
  headings: readonly string[],
  rows: readonly (readonly string[])[],
): readonly number[] =>
  headings.map((heading, column) =>
    rows.reduce((widest, row) => Math.max(widest, row[column]?.length ?? 0), heading.length),
  )

/** One line; a cell may be longer than its column is wide. */
export const lineOf = (row: readonly string[], widths: readonly number[]): string =>
  row
    .map((cell, column) => cell.padEnd(widths[column] ?? 0))
    .join('   ')
    .trimEnd()
