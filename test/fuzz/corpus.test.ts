import { readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { CORPUS, openCorpus } from './corpus.ts'
import { restoreShared } from './shared-state.ts'
import { TARGETS } from './targets.ts'

const MAX_CORPUS_BYTES = 200_000

describe.each(TARGETS)('of the corpus for $name', (target) => {
  const seeds = openCorpus(target).seeds()

  it('has inputs', () => {
    expect(seeds.length).toBeGreaterThan(3)
  })

  it.each(seeds)('$file shows no fault', async ({ input }) => {
    await target.run(input)
    expect(restoreShared()).toBe(false)
  })
})

describe('the corpus', () => {
  it('contains existing targets only', () => {
    expect(readdirSync(CORPUS).toSorted()).toEqual(TARGETS.map(({ name }) => name).toSorted())
  })

  it('is small', () => {
    const files = readdirSync(CORPUS, { recursive: true, withFileTypes: true })
    const sizes = files.map(({ parentPath, name }) => statSync(path.join(parentPath, name)).size)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(MAX_CORPUS_BYTES)
  })
})
