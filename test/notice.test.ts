import { existsSync, globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import manifest from '../package.json' with { type: 'json' }
import lockfile from '../package-lock.json' with { type: 'json' }
import { packagesOf } from '../scripts/lockfile.ts'
import { licencesOf, noticeOf } from '../scripts/notice.ts'

const ROOT = path.join(import.meta.dirname, '..')
const text = (file: string) => readFileSync(path.join(ROOT, file), 'utf8')

/** Licences whose texts ask for no more than to be kept. */
const PERMISSIVE = [
  'Apache-2.0',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'ISC',
  'MIT',
  'PSF-2.0',
  'Unlicense',
]

it('the project has the licence that its manifest names', () => {
  expect(manifest.license).toBe('Apache-2.0')
  expect(text('LICENSE')).toMatch(/^\s+Apache License\n\s+Version 2\.0, January 2004\n/)
  expect(text('LICENSE')).toMatch(/^ +END OF TERMS AND CONDITIONS$/m)
})

describe('NOTICE', () => {
  it('has the licence of each runtime package (npm run docs)', () => {
    expect(text('NOTICE')).toBe(noticeOf(lockfile))
  })

  it('has no licence that asks for more than to be kept', () => {
    expect([...licencesOf(lockfile).keys()]).toEqual(PERMISSIVE)
  })

  it('finds the text of each licence in the folder of its package', () => {
    const installed = Object.entries(packagesOf(lockfile))
      .filter(([place, { dev }]) => place !== '' && dev !== true)
      .map(([place]) => path.join(ROOT, place))
      .filter((folder) => existsSync(folder))
    expect(installed.length).toBeGreaterThan(100)
    const withText = (folder: string) =>
      globSync('*', { cwd: folder }).some((name) => /^(licen[cs]e|unlicense|copying)/i.test(name))
    expect(installed.filter((folder) => !withText(folder))).toEqual([])
  })

  it('refuses a package without a licence', () => {
    const packages = { '': {}, 'node_modules/x': { version: '1.0.0' } }
    expect(() => noticeOf({ packages })).toThrow('the lockfile has no licence of x')
  })
})
