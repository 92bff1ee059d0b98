import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { missingFrom, type Packages, packagesOf } from '../../scripts/lockfile.ts'

const text = readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8')

describe('package-lock.json', () => {
  const packages = packagesOf(JSON.parse(text))

  it('has an entry for every package of every platform, as npm ci requires', () => {
    expect(missingFrom(packages)).toEqual({})
  })

  it('names no registry', () => {
    expect(text).not.toMatch(/"resolved"|https?:\/\/[^"]*\.tgz/)
  })

  it('matches the dependencies of package.json', () => {
    const { dependencies, devDependencies } = manifest
    expect(packages['']).toMatchObject({ dependencies, devDependencies })
  })
})

describe('a missing entry of a lockfile', () => {
  const tool = (optionalDependencies: Record<string, string>) => ({
    version: '1.0.0',
    dev: true,
    optionalDependencies,
  })

  it.each<[name: string, platform: object]>([
    ['@tool/cli-darwin-arm64', { os: ['darwin'], cpu: ['arm64'] }],
    ['@tool/win32-x64-msvc', { os: ['win32'], cpu: ['x64'] }],
    ['tool-linux-x64-musl', { os: ['linux'], cpu: ['x64'], libc: ['musl'] }],
    ['tool-linux-arm-gnueabihf', { os: ['linux'], cpu: ['arm'], libc: ['glibc'] }],
    ['tool-android-arm-eabi', { os: ['android'], cpu: ['arm'] }],
    ['tool-wasm32-wasi', { cpu: ['wasm32'] }],
  ])('is added for the platform that %s names', (name, platform) => {
    expect(missingFrom({ 'node_modules/tool': tool({ [name]: '1.0.0' }) })).toEqual({
      [`node_modules/${name}`]: { version: '1.0.0', optional: true, dev: true, ...platform },
    })
  })

  it('is not added if the package is found above', () => {
    const packages: Packages = {
      'node_modules/a/node_modules/tool': tool({ 'tool-linux-x64': '1.0.0', fsevents: '~2.3.3' }),
      'node_modules/a/node_modules/tool-linux-x64': { version: '1.0.0' },
      'node_modules/fsevents': { version: '2.3.4' },
    }
    expect(missingFrom(packages)).toEqual({})
  })

  it('is added below its parent if another version is at the top', () => {
    const packages: Packages = {
      'node_modules/tool': tool({ 'tool-linux-x64': '1.0.0' }),
      'node_modules/tool-linux-x64': { version: '2.0.0' },
    }
    expect(Object.keys(missingFrom(packages))).toEqual([
      'node_modules/tool/node_modules/tool-linux-x64',
    ])
  })

  it.each([
    ['a version that is a range', 'tool-linux-x64', '^1.0.0'],
    ['an unknown platform', 'tool-native', '1.0.0'],
  ])('is an error with %s', (_title, name, version) => {
    expect(() => missingFrom({ 'node_modules/tool': tool({ [name]: version }) })).toThrow(name)
  })
})
