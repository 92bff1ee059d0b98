import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { LINT_CODES } from '../../src/cli/lint-codes.ts'

const ROOT = path.join(import.meta.dirname, '../..')
const SOURCES = [
  'src/resources/*.ts',
  'src/manifests/*.ts',
  'src/app/*.ts',
  'src/kubernetes/watch/*.ts',
]

/** The first argument of `raise`, and the `reason` of a problem. */
const REASON = /(?:raise\(\s*|unread\([^,]+, |reason: )'([A-Z][A-Za-z]+)'/g

const raised = new Set(
  globSync(SOURCES, { cwd: ROOT }).flatMap((file) =>
    [...readFileSync(path.join(ROOT, file), 'utf8').matchAll(REASON)].map(([, code = '']) => code),
  ),
)
const page = readFileSync(path.join(ROOT, 'docs/lint.md'), 'utf8')

describe('the codes of lint', () => {
  it('are all reasons of problems at run time', () => {
    expect([...raised].filter((code) => !LINT_CODES.has(code))).toEqual([])
    expect(raised.size).toBeGreaterThan(30)
  })

  it('have a section on the page, with their level', () => {
    const sections = [...page.matchAll(/^## (\w+)\n\n(\w+): \S/gm)].map(([, code, level = '']) => [
      code,
      level.toLowerCase(),
    ])
    expect(sections).toEqual([...LINT_CODES])
  })
})
