import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'vitest'

const ROOT = path.join(import.meta.dirname, '..')

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

/** The links of a page of this repository that lead to no file, or to no heading in it. */
export function brokenLinksOf(page: string): readonly string[] {
  const text = readFileSync(path.join(ROOT, page), 'utf8')
  const links = [...text.matchAll(/\]\((?!https?:)([^)]+)\)/g)].map(([, link = '']) => link)
  return links.filter((link) => {
    const [file = '', anchor] = link.split('#')
    const target = path.join(ROOT, file === '' ? page : path.join(path.dirname(page), file))
    if (!existsSync(target)) return true
    return anchor !== undefined && !anchorsIn(readFileSync(target, 'utf8')).includes(anchor)
  })
}

/** As GitHub names them. */
const anchorsIn = (text: string) =>
  [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^a-z0-9 -]/g, '')
      .replaceAll(' ', '-'),
  )
