import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { textAt } from '../../testing/json.ts'
import { brokenLinksOf } from '../../testing/markdown.ts'
import { manifests } from './manifests.ts'

const ROOT = path.join(import.meta.dirname, '../..')
const PAGES = readdirSync(path.join(ROOT, 'docs/istio')).map((page) => `docs/istio/${page}`)
const textOf = (page: string) => readFileSync(path.join(ROOT, page), 'utf8')

const POSITIONS = [
  'models',
  'inference-graphs',
  'llms',
  'ingress-gateway',
  'local-gateway',
  'kubernetes-gateway',
  'service',
]

describe('the page of a position', () => {
  it.each(POSITIONS)(
    'describes what it protects and what not, how to test and undo it: %s',
    (name) => {
      const headings = textOf(`docs/istio/${name}.md`).match(/^## (What|Test|Undo).*$/gm)
      expect(headings).toEqual([
        '## What it protects',
        '## What it does not protect',
        '## Test it',
        '## Undo it',
      ])
    },
  )

  it('deletes existing policies', () => {
    const names = new Set(manifests().map(({ object }) => textAt(object, 'metadata', 'name')))
    const deleted = PAGES.flatMap((page) =>
      [...textOf(page).matchAll(/delete authorizationpolicy ([a-z -]+)/g)].flatMap(
        ([, list = '']) => list.trim().split(' '),
      ),
    )
    expect(deleted.length).toBeGreaterThan(5)
    expect(deleted.filter((name) => !names.has(name))).toEqual([])
  })
})

it.each(['istio/README.md', ...PAGES])('%s has valid links', (page) => {
  expect(brokenLinksOf(page)).toEqual([])
})

it('the page of admission names the same keys of pods as the policy', () => {
  const keys = (text: string) =>
    new Set(text.match(/(?<=['`])[a-z.]*istio\.io\/[A-Za-z-]+(?=['`])/g))
  const [, table = ''] = textOf('docs/istio/admission.md').split('## Keys of pods')
  const policy = textOf('istio/admission/pods.yaml')
  expect(keys(policy).size).toBeGreaterThan(15)
  expect(keys(table.split('In the specification of a pod')[0] ?? '')).toEqual(keys(policy))
})

it("no page applies a file that contains an example's namespaces", () => {
  const applied = ['README.md', 'istio/README.md', ...PAGES].flatMap(
    (page) => textOf(page).match(/(apply|diff) -k istio\/\S+/g) ?? [],
  )
  expect(applied).toEqual([])
})

it('every page is reachable from the first', () => {
  const unreached = PAGES.filter((page) => !textOf('istio/README.md').includes(`../${page})`))
  expect(unreached).toEqual([])
})
