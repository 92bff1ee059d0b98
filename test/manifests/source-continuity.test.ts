import { rename } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { until } from './folders.ts'
import { digestOf, HOST, iris, KEY, key, OTHER_KEY, opened, together } from './manifests.ts'

describe('an unchanged object', () => {
  it('is never missing while its file is written, renamed and moved', async () => {
    const { write, replace, remove, at, protections, hasKey } = await opened({
      'a.yaml': together(iris('true'), key('k', KEY)),
      'sub/empty.yaml': '',
    })
    const missing = watching(() => protections(HOST)[0] === 'protected' && hasKey(KEY))
    const other = together(key('other', OTHER_KEY), iris('true'), key('k', KEY))
    await write('a.yaml', other)
    await until(() => hasKey(OTHER_KEY))
    await replace('a.yaml', together(iris('true'), key('k', KEY)))
    await until(() => !hasKey(OTHER_KEY))
    for (const [from, to] of [
      ['a.yaml', 'b.yaml'],
      ['b.yaml', 'sub/c.yaml'],
      ['sub/c.yaml', 'a.yaml'],
    ] as const) {
      await rename(at(from), at(to))
      await write('marker.yaml', key('other', OTHER_KEY))
      await until(() => hasKey(OTHER_KEY))
      await remove('marker.yaml')
      await until(() => !hasKey(OTHER_KEY))
    }
    await write('d.yaml', other)
    await remove('a.yaml')
    await until(() => hasKey(OTHER_KEY))
    expect(missing()).toBe(0)
  })

  it('keeps its key object, so that derived data is still found', async () => {
    const { write, directory, hasKey } = await opened({ 'a.yaml': key('k', KEY) })
    const [before] = directory.keysWith('team', digestOf(KEY))
    await write('a.yaml', together(key('other', OTHER_KEY), key('k', KEY)))
    await until(() => hasKey(OTHER_KEY))
    expect(directory.keysWith('team', digestOf(KEY))[0]).toBe(before)
  })
})

/** Counts how often a condition does not hold, from now on until asked. */
function watching(holds: () => boolean): () => number {
  let missing = 0
  const watch = () => {
    if (!holds()) missing += 1
    next = setImmediate(watch)
  }
  let next = setImmediate(watch)
  return () => {
    clearImmediate(next)
    return missing
  }
}
