import { existsSync, globSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { REQUESTS } from '../../testing/bounds/requests.ts'
import { OTHER_BOUNDS } from '../../testing/bounds/tables.ts'
import { sourceOf, testsOf } from './mutation.ts'
import { NO_BOUNDS } from './no-bounds.ts'
import { MUTATIONS } from './table.ts'

const ROOT = new URL('../../', import.meta.url)
const textOf = (file: string) => readFileSync(new URL(file, ROOT), 'utf8')

const bounds = new Set(MUTATIONS.map(({ bound }) => bound))

/** Each number of the code that has a name. */
const NUMBER = /^(export )?const ([A-Z][A-Z_0-9]*)(?:: number)? = (?:[-\d(]|[A-Z_]+ ?[-+*])/gm
const numbers = globSync('src/**/*.ts', { cwd: ROOT }).flatMap((file) =>
  [...textOf(file).matchAll(NUMBER)].map(([, exported, name = '']) => ({
    id: `${file} ${name}`,
    name,
    /** Where it may be used. */
    file: exported === undefined ? file : undefined,
  })),
)

type Named = (typeof numbers)[number]

/** A mutation is of its text, or of its bound. */
const isRemoved = ({ id, name, file }: Named): boolean =>
  bounds.has(id) ||
  MUTATIONS.some(
    (mutation) =>
      (file === undefined || file === sourceOf(mutation)) &&
      new RegExp(`\\b${name}\\b`).test(mutation.text),
  )

describe('the mutations', () => {
  it.each(MUTATIONS)('of $bound in $file can be made, and their tests are there', (mutation) => {
    const { text, put } = mutation
    const source = textOf(sourceOf(mutation))
    expect(source.split(text)).toHaveLength(2)
    expect(put).not.toBe(text)
    expect(mutation.tests.length).toBeGreaterThan(0)
    expect(testsOf(mutation).filter((file) => !existsSync(new URL(file, ROOT)))).toEqual([])
  })

  it('remove each bound of the page', () => {
    const onPage = [REQUESTS, ...Object.values(OTHER_BOUNDS)].flatMap((table) => Object.keys(table))
    expect(onPage.filter((bound) => !bounds.has(bound))).toEqual([])
  })

  it('remove each other number of the code that is a bound', () => {
    expect(numbers.length).toBeGreaterThan(150)
    const left = numbers.filter((number) => !isRemoved(number) && !(number.id in NO_BOUNDS))
    expect(left.map(({ id }) => id)).toEqual([])
  })

  it('leave out nothing that has gone', () => {
    const ids = new Set(numbers.map(({ id }) => id))
    expect(Object.keys(NO_BOUNDS).filter((id) => !ids.has(id))).toEqual([])
    const own = [...bounds].filter((bound) => bound.startsWith('src/'))
    expect(own.filter((bound) => !existsSync(new URL(bound.split(' ')[0] ?? '', ROOT)))).toEqual([])
  })
})
