import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { baseImagesOf } from '../../scripts/base-images.ts'
import { writeProgram } from '../../testing/programs.ts'

const ROOT = path.join(import.meta.dirname, '../..')

const listOf = (...architectures: readonly string[]) =>
  JSON.stringify({
    manifests: architectures.map((architecture) => ({ platform: { os: 'linux', architecture } })),
  })
const digestOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`
const BOTH = listOf('amd64', 'arm64')

/** With a docker that prints files. */
let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'base-images-'))
  await mkdir(path.join(folder, 'bin'))
  const docker = `#!/bin/sh\nshift 4\nexec cat "${folder}/bin/$(echo "$1" | tr / _)"\n`
  await writeProgram(path.join(folder, 'bin/docker'), docker)
})
afterEach(() => rm(folder, { recursive: true }))

/** With the lists that a registry has for a digest, and for its tag. */
async function check(digest: string, list: string, latest = list) {
  const file = path.join(folder, 'Dockerfile')
  await writeFile(file, `FROM x/base:1@${digest} AS build\n`)
  await writeFile(path.join(folder, `bin/x_base@${digest}`), list)
  await writeFile(path.join(folder, 'bin/x_base:1'), latest)
  const env = { PATH: `${path.join(folder, 'bin')}:${process.env.PATH}` }
  return new Promise<readonly [code: unknown, stdout: string, stderr: string]>((resolve) => {
    const args = [path.join(ROOT, 'scripts/base-images.ts'), file]
    execFile(process.execPath, args, { env }, (error, stdout, stderr) =>
      resolve([error?.code ?? 0, stdout.trim(), stderr.trim()]),
    )
  })
}

describe('the check of base images', () => {
  it('passes if the registry has both platforms', async () => {
    const digest = digestOf(BOTH)
    expect(await check(digest, BOTH)).toEqual([0, `x/base:1: ${digest}`, ''])
  })

  it('tells of a newer image', async () => {
    const [digest, newer] = [digestOf(BOTH), listOf('arm64', 'amd64')]
    const told = `x/base:1: ${digest}, the tag is now ${digestOf(newer)}`
    expect(await check(digest, BOTH, newer)).toEqual([0, told, ''])
  })

  it('fails if a platform is missing', async () => {
    const one = listOf('amd64')
    expect(await check(digestOf(one), one)).toEqual([1, '', 'x/base:1: no image for linux/arm64'])
  })

  it('fails if the registry answers something else', async () => {
    const told = 'x/base:1: the registry answers another digest'
    expect(await check(digestOf('other'), BOTH)).toEqual([1, '', told])
  })
})

describe('the Dockerfile', () => {
  it('names its base images by tag and digest', () => {
    const tags = baseImagesOf(readFileSync(path.join(ROOT, 'Dockerfile'), 'utf8'))
    expect(tags.map(({ tag }) => tag)).toEqual([
      expect.stringMatching(/^node:/),
      'gcr.io/distroless/cc-debian13:nonroot',
    ])
  })

  it.each(['FROM base', 'FROM base:1', 'FROM base@sha256:01'])('is refused with %s', (line) => {
    expect(() => baseImagesOf(line)).toThrow('no tag and digest')
  })
})
