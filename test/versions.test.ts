import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import manifest from '../package.json' with { type: 'json' }
import lockfile from '../package-lock.json' with { type: 'json' }
import { COMPATIBILITY, compatibilityTable } from '../scripts/compatibility.ts'

const ROOT = path.join(import.meta.dirname, '..')
const text = (file: string) => readFileSync(path.join(ROOT, file), 'utf8')

describe('the version of the project', () => {
  it('is that of the lockfile', () => {
    expect([lockfile.version, lockfile.packages[''].version]).toEqual(
      [0, 1].map(() => manifest.version),
    )
  })

  it('is the latest release of the changelog', () => {
    const releases = [...text('CHANGELOG.md').matchAll(/^## \[(\d\S*)\] - \d{4}-\d\d-\d\d$/gm)]
    expect(releases.map(([, version]) => version)).toEqual([manifest.version, '0.1.0'])
  })

  it('is that of every image that a page or a manifest names', () => {
    const files = globSync('{*.md,docs/**/*.md,deploy/**/*.yaml}', { cwd: ROOT })
    const named = files.flatMap((file) =>
      [...text(file).matchAll(/kserve-authz:(\d+\.\d+\.\d+)/g)].map(([, version]) => version),
    )
    expect(named.length).toBeGreaterThan(1)
    expect(new Set(named)).toEqual(new Set([manifest.version]))
  })
})

describe('the changelog', () => {
  it('has only the sections of Keep a Changelog', () => {
    const sections = [...text('CHANGELOG.md').matchAll(/^### (.*)$/gm)].map(([, name]) => name)
    const known = ['Added', 'Changed', 'Deprecated', 'Removed', 'Fixed', 'Security']
    expect(sections.filter((name) => !known.includes(name ?? ''))).toEqual([])
  })
})

describe('the table of versions', () => {
  it('has the versions that the suites run (npm run docs)', () => {
    expect(text('SUPPORT.md')).toContain(`\n${compatibilityTable()}\n`)
  })

  it.each(COMPATIBILITY)('names suites that exist: $suites', ({ suites }) => {
    expect(globSync(`test/e2e/${suites}.test.ts`, { cwd: ROOT })).not.toEqual([])
  })
})
