import { readFileSync } from 'node:fs'
import path from 'node:path'
import { load } from 'js-yaml'
import { describe, expect, it } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { ARCHIVE } from '../../scripts/krew.ts'
import { at, listAt, textAt } from '../../testing/json.ts'

const ROOT = path.join(import.meta.dirname, '../..')
const text = readFileSync(path.join(ROOT, 'deploy/krew/kserve-authz.yaml'), 'utf8')
const plugin: unknown = load(text)
const spec = at(plugin, 'spec')
const platforms = listAt(spec, 'platforms')

describe('the manifest for Krew', () => {
  it('is a plugin, named as its file and its program', () => {
    expect(plugin).toMatchObject({
      apiVersion: 'krew.googlecontainertools.github.com/v1alpha2',
      kind: 'Plugin',
      metadata: { name: 'kserve-authz' },
    })
    expect(platforms.map((each) => textAt(each, 'bin'))).toEqual(['kubectl-kserve_authz'])
  })

  it('has the version of the program, in the address of the archive, too', () => {
    expect(textAt(spec, 'version')).toBe(`v${manifest.version}`)
    expect(textAt(platforms[0], 'uri')).toBe(
      `@HOMEPAGE@/releases/download/v${manifest.version}/${ARCHIVE}`,
    )
  })

  it('has the fields that Krew requires, and no other', () => {
    expect(Object.keys(Object(spec)).toSorted()).toEqual([
      'caveats',
      'description',
      'homepage',
      'platforms',
      'shortDescription',
      'version',
    ])
    expect(platforms.map((each) => Object.keys(Object(each)).toSorted())).toEqual([
      ['bin', 'files', 'selector', 'sha256', 'uri'],
    ])
    expect(at(platforms[0], 'files')).toEqual([{ from: '*', to: '.' }])
  })

  it('is described as the index of Krew asks for', () => {
    const short = textAt(spec, 'shortDescription')
    expect(short).toMatch(/^[A-Z][^\n]*[^.\s]$/)
    expect(short.length).toBeLessThanOrEqual(50)
    const long = `${textAt(spec, 'description')}${textAt(spec, 'caveats')}`
    expect(long.split('\n').filter((line) => line.length > 100)).toEqual([])
  })

  it('says which Node.js the program needs', () => {
    expect(textAt(spec, 'caveats')).toContain(
      `Node.js ${manifest.engines.node.replace('>=', '')} or newer`,
    )
  })
})
