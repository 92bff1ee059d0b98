import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { load } from 'js-yaml'
import { describe, expect, it, vi } from 'vitest'
import manifest from '../package.json' with { type: 'json' }
import { run } from '../src/cli/program.ts'
import { PAGES, pageText } from '../testing/documented.ts'
import { ALL, ROWS } from '../testing/documented-table.ts'
import { at } from '../testing/json.ts'

const ROOT = path.join(import.meta.dirname, '..')
const text = (file: string) => readFileSync(path.join(ROOT, file), 'utf8')

/** The words of a command up to a comment, a pipe or a redirection, with everything optional and the first alternative. */
const wordsOf = (line: string): readonly string[] =>
  [
    ...(line.split(/ +(?:#|\||[0-9]?>|&&|;) ?/)[0] ?? '').matchAll(
      /(?:"(?:\$\([^)]*\)|[^"])*"|'[^']*'|\$\([^)]*\)|\S)+/g,
    ),
  ].map(([word]) => word.replaceAll(/["'[\]]/g, '').split('|')[0] ?? '')

/** The commands of the blocks of all pages, by their program. */
const commandsOf = (program: RegExp) =>
  PAGES.flatMap((page) =>
    [...pageText(page).matchAll(/^( *)```\w*\n([\s\S]*?)\n\1```$/gm)]
      .flatMap(([, , block = '']) => block.replaceAll(/ *\\\n\s*/g, ' ').split('\n'))
      .map((line) => line.trim().replace(/^\$ /, ''))
      .filter((line) => program.test(line))
      .map((line) => [page, wordsOf(line.replace(program, ''))] as const),
  )

const OURS = commandsOf(/^(?:[./]*kserve-authz|kubectl kserve-authz) (?=[a-z-])/)
const HELM = commandsOf(/^helm /)
const MAKE = commandsOf(/^make /)
const NPM = commandsOf(/^npm (?=run |test|start)/)

const done = async () => 0
const COMMANDS = {
  serve: async () => {},
  check: done,
  services: done,
  can: done,
  explain: done,
  test: done,
  lint: done,
  whoCan: done,
  doctor: done,
}

describe('a command on a page', () => {
  it.each(OURS)('of %s is one of the program, with its options: %j', async (_page, words) => {
    const told: unknown[] = []
    const streams = [process.stdout, process.stderr].map((stream) =>
      vi.spyOn(stream, 'write').mockImplementation((line) => told.push(line) > 0),
    )
    const code = await run(words, '0.0.0', COMMANDS)
    for (const stream of streams) stream.mockRestore()
    expect([code, code === 0 ? [] : told]).toEqual([0, []])
  })

  it.each(HELM)('of %s sets only values that the chart has: %j', (_page, words) => {
    const values = load(text('charts/kserve-authz/values.yaml'))
    const set = words.flatMap((word, index) => (words[index - 1] === '--set' ? [word] : []))
    const keys = set.map((pair) => pair.split('=')[0]?.split('.') ?? [])
    expect(keys.filter((key) => at(values, ...key) === undefined)).toEqual([])
  })

  it.each(MAKE)('of %s is a target of the Makefile: %j', (_page, [target]) => {
    expect(text('Makefile')).toMatch(new RegExp(`^${target}:`, 'm'))
  })

  it.each(NPM)('of %s is a script of the package: %j', (_page, words) => {
    expect(Object.keys(manifest.scripts)).toContain(words[words[0] === 'run' ? 1 : 0])
  })
})

it('the pages have such commands', () => {
  const counts = [OURS, HELM, MAKE, NPM].map(({ length }) => length)
  expect(Math.min(...counts)).toBeGreaterThan(0)
})

describe('the table of commands on pages', () => {
  it('has a row for each command', () => {
    expect(ALL.length).toBeGreaterThan(100)
    expect(ALL.filter(({ row }) => row === undefined)).toEqual([])
  })

  it('has no row without a command', () => {
    expect(ROWS.filter((row) => !ALL.some((each) => each.row === row))).toEqual([])
  })

  it('names tests that exist', () => {
    const tests = ROWS.flatMap(([, , row]) =>
      'run' in row ? [row.run] : 'read' in row ? [row.read] : [],
    )
    expect(tests.filter((test) => !existsSync(path.join(ROOT, test)))).toEqual([])
  })

  it('leaves few commands out, each with a reason', () => {
    const reasons = ALL.flatMap(({ row }) =>
      row !== undefined && 'not' in row[2] ? [row[2].not] : [],
    )
    expect(reasons.filter((reason) => reason === '')).toEqual([])
    expect(reasons.length).toBeLessThan(6)
  })
})
