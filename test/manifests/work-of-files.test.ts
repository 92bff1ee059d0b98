import { expect, it, vi } from 'vitest'
import { readDocuments } from '../../src/manifests/documents.ts'
import { aFolder, follow } from './folders.ts'

const seen = vi.hoisted(() => ({ turns: 0, reading: 0, looking: 0, mostReads: 0, mostLooks: 0 }))

vi.mock('node:timers/promises', async (original) => {
  const timers = await original<typeof import('node:timers/promises')>()
  const setImmediate = () => {
    seen.turns += 1
    return timers.setImmediate()
  }
  return { ...timers, setImmediate }
})

vi.mock('node:fs/promises', async (original) => {
  const files = await original<typeof import('node:fs/promises')>()
  const readFile = async (path: string) => {
    seen.reading += 1
    seen.mostReads = Math.max(seen.mostReads, seen.reading)
    return files.readFile(path).finally(() => {
      seen.reading -= 1
    })
  }
  const stat = async (path: string, options: { bigint: true }) => {
    seen.looking += 1
    seen.mostLooks = Math.max(seen.mostLooks, seen.looking)
    return files.stat(path, options).finally(() => {
      seen.looking -= 1
    })
  }
  return { ...files, readFile, stat }
})

/** The turns that everything else had meanwhile. */
async function turnsOf(text: string, previous?: Parameters<typeof readDocuments<unknown>>[2]) {
  seen.turns = 0
  const reading = await readDocuments<unknown>(new TextEncoder().encode(text), Object, previous)
  if (reading.kind !== 'read') throw new Error('it cannot be read')
  return { turns: seen.turns, documents: reading.documents }
}

it('many small documents are parsed in slices', async () => {
  const text = Array.from({ length: 5_000 }, (_, index) => `---\n{name: ${index}}\n`).join('')
  expect((await turnsOf(text)).turns).toBeGreaterThan(2)
})

it('a large text is decoded in parts, and digested in parts', async () => {
  const text = `name: a\n${`# ${'c'.repeat(1_022)}`.concat('\n').repeat(4_096)}`
  const { documents } = await turnsOf(text)
  expect((await turnsOf(text, documents)).turns).toBeGreaterThanOrEqual(16)
})

it('few files are read at a time, and somewhat more are looked at', async () => {
  const names = Array.from({ length: 600 }, (_, index) => `${index}.yaml`)
  const { root } = await aFolder(Object.fromEntries(names.map((name) => [name, name])))
  const { texts } = await follow(root)
  expect(texts.size).toBe(600)
  expect(seen.mostReads).toBe(32)
  expect(seen.mostLooks).toBe(256)
})
