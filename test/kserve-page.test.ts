import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { KSERVE_VERSIONS } from '../scripts/go/kserve-parts.ts'
import { GENERATIVE } from '../testing/kserve/generative.ts'
import { PREDICTIVE } from '../testing/kserve/predictive.ts'
import { WORLDS } from '../testing/kserve/worlds.ts'

const page = readFileSync(new URL('../docs/kserve.md', import.meta.url), 'utf8')

/** The first cells of the table with this head. */
function rowsUnder(head: string): readonly string[] {
  const [, table = ''] = page.split(`\n| ${head} |`)
  const [body = ''] = table.split('\n\n')
  return body
    .split('\n')
    .slice(2)
    .map((row) => row.split('|')[1]?.trim() ?? '')
}

const titles = (rows: readonly { readonly title: string }[]) => rows.map(({ title }) => title)

describe('the page of KServe', () => {
  it.each([
    ['configuration of KServe', titles(WORLDS)],
    ['InferenceService or InferenceGraph', titles(PREDICTIVE)],
    ['LLMInferenceService', titles(GENERATIVE)],
  ])('has what the suite has: %s', (head, expected) => {
    expect(rowsUnder(head)).toEqual(expected)
  })

  it('says which services each configuration has', () => {
    const [all, some, predictive] = WORLDS
    expect(all?.rows).toEqual([...PREDICTIVE, ...GENERATIVE])
    expect(some?.rows).toEqual([...PREDICTIVE, ...GENERATIVE.slice(0, 8)])
    expect(predictive?.rows).toEqual(PREDICTIVE)
  })

  it('names the versions whose controllers run', () => {
    expect(rowsUnder('version').slice(0, KSERVE_VERSIONS.length)).toEqual([...KSERVE_VERSIONS])
  })
})
