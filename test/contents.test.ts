import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { RENAMED } from '../src/config/renamed.ts'
import { brokenLinksOf } from '../testing/markdown.ts'

const ROOT = path.join(import.meta.dirname, '..')
const text = (file: string) => readFileSync(path.join(ROOT, file), 'utf8')

const CONTENTS = 'docs/README.md'

/** The pages of Istio and of Envoy Gateway have tables of contents of their own. */
const PAGES = globSync(
  [
    'docs/*.md',
    '*.md',
    '{istio,envoy-gateway,bench,charts/kserve-authz,examples/quickstart}/README.md',
  ],
  { cwd: ROOT },
)

describe('the table of contents', () => {
  it('links to every page', () => {
    const linked = new Set(
      [...text(CONTENTS).matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map(([, target = '']) =>
        path.join('docs', target),
      ),
    )
    expect(PAGES.length).toBeGreaterThan(15)
    expect(PAGES.filter((page) => page !== CONTENTS && !linked.has(page))).toEqual([])
  })

  it.each([CONTENTS, 'README.md', 'SUPPORT.md', 'docs/comparison.md', 'docs/upgrade.md'])(
    'and %s have valid links',
    (page) => {
      expect(brokenLinksOf(page)).toEqual([])
    },
  )
})

describe('a renamed key', () => {
  it.each([...RENAMED])('%s is on the page of upgrades and in the changelog', (old, renamed) => {
    for (const page of ['docs/upgrade.md', 'CHANGELOG.md'])
      for (const name of [old, renamed]) expect(text(page)).toContain(`\`${name}\``)
  })
})
