import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { DENY_REASONS } from '../src/access/decision.ts'
import { DENIALS } from '../src/envoy/denials.ts'
import { rowsUnder } from '../testing/markdown.ts'

const REFERENCE = fileURLToPath(new URL('../docs/reference.md', import.meta.url))
const HEADER = ['reason', 'HTTP', 'x-ext-auth-reason', 'meaning']

it('the reference lists every reason with its answer', () => {
  const told = rowsUnder(HEADER, readFileSync(REFERENCE, 'utf8'))
  const sent = DENY_REASONS.map((reason) => {
    const { httpStatus, phrase } = DENIALS[reason]
    return [`\`${reason}\``, httpStatus, phrase].join(' | ')
  })
  expect(told.map((row) => row.slice(0, 3).join(' | ')).toSorted()).toEqual(sent.toSorted())
  expect(told.filter(([, , , meaning = '']) => meaning === '')).toEqual([])
})

it('the README is short', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  expect(readme.split('\n').length).toBeLessThanOrEqual(155)
})
