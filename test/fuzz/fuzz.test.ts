import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createRandom } from '../../testing/routes/random.ts'
import { openCorpus } from './corpus.ts'
import { fuzz } from './fuzz.ts'
import { grown, growthOf } from './growth.ts'
import { mutateBytes } from './mutate-bytes.ts'
import { mutateJson } from './mutate-json.ts'
import { isSame } from './same.ts'
import { smaller } from './smaller.ts'
import type { Target } from './target.ts'

const JSON_INPUT = Buffer.from('{"metadata":{"name":"iris"},"items":[1,"two",null]}')
const WORDS = ['needle']

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'corpus-'))
})
afterAll(() => rm(folder, { recursive: true }))

const NO_COVERAGE = { fresh: async () => 0, reached: () => 0 }

describe('a fault is found and stored as a small input:', () => {
  // Other files run in this thread later.
  afterEach(() => {
    Reflect.deleteProperty(Reflect.getPrototypeOf({}) ?? {}, 'needle')
  })
  const fault = (message: string) => {
    throw new Error(message)
  }
  it.each<[title: string, run: Target['run'], kept: RegExp]>([
    ['an error', (input) => void (input.includes('needle') && fault('found')), /^finding-/],
    [
      'a rejection',
      async (input) => void (input.includes('needle') && fault('found')),
      /^finding-/,
    ],
    [
      'a change of all objects',
      (input) => {
        const shared: object = Reflect.getPrototypeOf({}) ?? {}
        if (input.includes('needle')) Object.assign(shared, { needle: 1 })
      },
      /^finding-/,
    ],
  ])('%s', async (title, run, kept) => {
    const target: Target = { name: title.replaceAll(' ', '-'), form: 'json', words: WORDS, run }
    const corpus = openCorpus(target, folder)
    corpus.keep('seed', JSON_INPUT)
    const report = await fuzz(target, {
      corpus,
      seed: 1,
      seconds: 20,
      maxFindings: 1,
      coverage: NO_COVERAGE,
      keep: false,
    })

    expect(report.findings).toHaveLength(1)
    const files = await readdir(path.join(folder, target.name))
    const [file = ''] = files.filter((name) => kept.test(name))
    const found = corpus.seeds().find((seed) => seed.file === file)
    expect(found?.input.toString()).toContain('needle')
    expect(found?.input.length).toBeLessThan(JSON_INPUT.length)
  })
})

describe('inputs', () => {
  it.each([
    ['bytes', mutateBytes],
    ['JSON', mutateJson],
  ])('of %s are the same for the same seed, and differ for another', (_title, mutate) => {
    const inputs = (seed: number) => {
      const random = createRandom(seed)
      return Array.from({ length: 50 }, () => mutate(JSON_INPUT, random, WORDS, JSON_INPUT))
    }
    expect(inputs(1)).toEqual(inputs(1))
    expect(inputs(1)).not.toEqual(inputs(2))
  })

  it('of JSON stay JSON, and change', () => {
    const random = createRandom(1)
    const inputs = Array.from({ length: 300 }, () =>
      mutateJson(JSON_INPUT, random, WORDS, JSON_INPUT).toString(),
    )
    expect(() => inputs.map((input): unknown => JSON.parse(input))).not.toThrow()
    expect(new Set(inputs).size).toBeGreaterThan(150)
    expect(inputs.some((input) => input.includes('needle'))).toBe(true)
  })

  it('grow by one part', () => {
    const random = createRandom(1)
    for (let left = 200; left > 0; left -= 1) {
      const growth = growthOf({ form: 'json' }, JSON_INPUT, random)
      const lengths = [1, 2, 3].map((times) => grown(growth, times).length)
      expect(growth.repeated).not.toBe('')
      expect((lengths[2] ?? 0) - (lengths[1] ?? 0)).toBe((lengths[1] ?? 0) - (lengths[0] ?? 0))
      expect(() => void JSON.parse(grown(growth, 3).toString())).not.toThrow()
    }
  })

  it('are reduced while a property holds', async () => {
    const holds = async (input: Buffer) => input.includes('iris')
    expect((await smaller({ form: 'bytes' }, JSON_INPUT, holds)).toString()).toBe('iris')
    expect((await smaller({ form: 'json' }, JSON_INPUT, holds)).length).toBeLessThan(10)
  })
})

it('values are equal exactly if Node says so', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
      expect(isSame(one, structuredClone(one))).toBe(true)
      expect(isSame(one, other)).toBe(isDeepStrictEqual(one, other))
      expect(isSame(new Map([['a', one]]), new Map([['a', other]]))).toBe(isSame(one, other))
    }),
  )
  expect(isSame([], {})).toBe(false)
  expect(isSame({ a: undefined }, { b: undefined })).toBe(false)
})
