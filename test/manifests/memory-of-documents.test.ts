import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'

/** Reads files of 1 MiB, and keeps one name of each; prints by how many bytes the heap has grown. */
const PROGRAM = `
  const { readDocuments } = await import('./src/manifests/documents.ts')
  const used = () => { gc(); gc(); return process.memoryUsage().heapUsed }
  const rest = '---\\n# ' + 'c'.repeat(1_000) + '\\n'
  const textOf = (index) => 'metadata: {name: a-name-of-some-length-' + index + '}\\n' + rest.repeat(1_000)
  const bytesOf = (index) => new TextEncoder().encode(textOf(index))
  const kept = []
  const keep = async (index) => {
    const reading = await readDocuments(bytesOf(index), (object) => object?.metadata?.name)
    kept.push(reading.documents)
  }
  await keep(0)
  const before = used()
  for (let index = 1; index <= 20; index += 1) await keep(index)
  console.log(used() - before, kept.length)
`

it('what is read of a file does not keep its text in memory', () => {
  const words = ['--expose-gc', '--input-type=module', '--eval', PROGRAM.replaceAll('\\\\', '\\')]
  const [grown = ''] = execFileSync(process.execPath, words, { encoding: 'utf8' }).split(' ')
  expect(Number(grown)).toBeLessThan(5_000_000)
})
