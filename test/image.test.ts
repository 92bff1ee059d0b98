import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { buildImage, filesIn } from '../testing/image/build.ts'
import {
  readDockerfile,
  readIgnored,
  readLabels,
  readVariables,
} from '../testing/image/dockerfile.ts'

let context = ''
let into = ''

beforeEach(async () => {
  ;[context, into] = await Promise.all(
    ['context-', 'image-'].map((name) => mkdtemp(path.join(tmpdir(), name))),
  ).then(([one = '', other = '']) => [one, other])
  await write('.dockerignore', '**\n!kept\n')
  await write('kept', 'kept')
  await write('left', 'left')
})
afterEach(() => Promise.all([context, into].map((folder) => rm(folder, { recursive: true }))))

const write = (name: string, text: string) => writeFile(path.join(context, name), text)

async function build(...lines: readonly string[]) {
  await write('Dockerfile', lines.join('\n'))
  const bases = { base: (root: string) => writeFile(path.join(root, 'of-the-base'), '') }
  return buildImage({ context, into, bases })
}

const namesIn = async (root: string) => (await filesIn(root)).map(({ file }) => file).toSorted()

describe('an image that is built without an engine', () => {
  it('contains the files that its last stage copies', async () => {
    const { root } = await build(
      'FROM base:1 AS build',
      'WORKDIR /app',
      'COPY . ./',
      'RUN printf %s made > made && rm kept',
      'FROM base:2@sha256:0123',
      'COPY --from=build /app/made /bin/',
      'COPY kept renamed',
    )
    expect(await namesIn(root)).toEqual(['bin', 'bin/made', 'of-the-base', 'renamed'])
  })

  it('gives commands the programs of its base', async () => {
    const { root, variables } = await build(
      'FROM base',
      'WORKDIR /usr/local/bin',
      "RUN printf '#!/bin/sh\\necho said > made' > say && chmod +x say && say",
      'ENV ONE=1 TWO=/two',
      'ENV ONE=one',
    )
    expect(await namesIn(path.join(root, 'usr/local/bin'))).toEqual(['made', 'say'])
    expect(variables).toEqual({ ONE: 'one', TWO: '/two' })
  })

  it('contains nothing that .dockerignore excludes', async () => {
    const { root } = await build('FROM base', 'COPY . /app')
    expect(await namesIn(root)).toEqual(['app', 'app/kept', 'of-the-base'])
  })

  it.each([
    ['an unknown base', ['FROM other'], 'an unknown base: other'],
    ['an unknown step', ['FROM base', 'VOLUME /data'], 'not supported: VOLUME /data'],
    ['a step before any base', ['USER 1'], 'not supported: USER 1'],
    ['an unknown flag', ['FROM base', 'COPY --chown=1 kept x'], 'not supported: COPY'],
    ['a host path', ['FROM base', 'RUN rm -rf /tmp/x'], 'a host path'],
    ['a command that fails', ['FROM base', 'RUN exit 3'], 'Command failed'],
    ['another stage', ['FROM base', 'COPY --from=build a b'], 'no stage build'],
  ])('is refused with %s', async (_title, lines, complaint) => {
    await expect(build(...lines)).rejects.toThrow(complaint)
  })
})

describe('a Dockerfile', () => {
  it('is read without comments, with continuation lines', () => {
    expect(readDockerfile('# syntax\nFROM base\n\nRUN one \\\n  # not this\n  two\n')).toEqual([
      { name: 'FROM', rest: 'base' },
      { name: 'RUN', rest: 'one two' },
    ])
  })
})

describe('labels', () => {
  it('are read as pairs', () => {
    expect(readLabels('a.b="one two" c="3"')).toEqual({ 'a.b': 'one two', c: '3' })
  })

  it.each(['a=b', 'a="$B"', 'a="b" c'])('are refused if they are written as %s', (text) => {
    expect(() => readLabels(text)).toThrow('not supported: LABEL')
  })
})

describe('variables', () => {
  it('are read as pairs', () => {
    expect(readVariables('A=/b/.c D_E=1')).toEqual({ A: '/b/.c', D_E: '1' })
  })

  it.each(['A', 'A=$B', 'A="b c"', 'A b'])('are refused if they are written as %s', (text) => {
    expect(() => readVariables(text)).toThrow('not supported: ENV')
  })
})

describe('a .dockerignore', () => {
  it('is decided by the last matching pattern', () => {
    const isIgnored = readIgnored('# only these\n**\n!src\nsrc/local\n')
    const ignored = ['README.md', 'src', 'src/main.ts', 'src/local/x', 'srcs'].filter(isIgnored)
    expect(ignored).toEqual(['README.md', 'src/local/x', 'srcs'])
  })
})
