import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { DENY_REASONS } from '../src/access/decision.ts'
import { DENIALS } from '../src/envoy/denials.ts'

const README = fileURLToPath(new URL('../README.md', import.meta.url))
const HEADER = ['reason', 'HTTP', 'x-ext-auth-reason', 'meaning']

/** The rows of the one table that has this header. */
function rowsUnder(header: readonly string[], markdown: string): readonly (readonly string[])[] {
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

it('the README tells of every reason what is sent', () => {
  const told = rowsUnder(HEADER, readFileSync(README, 'utf8'))
  const sent = DENY_REASONS.map((reason) => {
    const { httpStatus, phrase } = DENIALS[reason]
    return [`\`${reason}\``, httpStatus, phrase].join(' | ')
  })
  expect(told.map((row) => row.slice(0, 3).join(' | ')).toSorted()).toEqual(sent.toSorted())
  expect(told.filter(([, , , meaning = '']) => meaning === '')).toEqual([])
})
