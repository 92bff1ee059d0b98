import { expect } from 'vitest'

/** The rows of the one table with this header. */
export function rowsUnder(
  header: readonly string[],
  markdown: string,
): readonly (readonly string[])[] {
  const lines = markdown.split('\n').map(cellsOf)
  const start = lines.findIndex((cells) => cells.join() === header.join())
  expect(start, `a table with the header ${header.join(', ')}`).toBeGreaterThanOrEqual(0)
  const rows = lines.slice(start + 2)
  const end = rows.findIndex((cells) => cells.length === 0)
  return end < 0 ? rows : rows.slice(0, end)
}

function cellsOf(line: string): readonly string[] {
  return /^\|.*\|$/.test(line.trim())
    ? line
        .trim()
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim())
    : []
}
