import { rename, symlink, utimes } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { restAfter } from '../../src/manifests/folder.ts'
import { aFolder, follow, until } from './folders.ts'

describe('at the start', () => {
  it('every manifest is read at any depth, and nothing else', async () => {
    const { root } = await aFolder({
      'a.yaml': 'a',
      'b/c/d.yml': 'd',
      'b/e.json': 'e',
      'notes.txt': 'n',
      'a.yaml~': 'n',
      '.hidden.yaml': 'n',
      '.git/x.yaml': 'n',
    })
    const { texts, steps } = await follow(root)
    expect(Object.fromEntries(texts)).toEqual({ 'a.yaml': 'a', 'b/c/d.yml': 'd', 'b/e.json': 'e' })
    expect(steps).toHaveLength(1)
  })

  it('a missing folder is unreadable', async () => {
    const { root } = await aFolder()
    const { texts } = await follow(`${root}/missing`)
    expect([...texts]).toEqual([['', undefined]])
  })
})

describe('within a second', () => {
  it('a file written in place is read again', async () => {
    const { root, write } = await aFolder({ 'a.yaml': '1', 'b/b.yaml': '1' })
    const { shows } = await follow(root)
    await write('a.yaml', '2')
    await write('b/b.yaml', '2')
    await until(shows({ 'a.yaml': '2', 'b/b.yaml': '2' }))
    await write('a.yaml', '3')
    await until(shows({ 'a.yaml': '3', 'b/b.yaml': '2' }))
  })

  it('a file replaced by rename is read again, and again', async () => {
    const { root, replace } = await aFolder({ 'a.yaml': '1' })
    const { shows } = await follow(root)
    for (const text of ['2', '3', '4']) {
      await replace('a.yaml', text)
      await until(shows({ 'a.yaml': text }))
    }
  })

  it('a mounted ConfigMap is read again when it is swapped', async () => {
    const { root, mount, remove } = await aFolder()
    await mount('v1', { 'a.yaml': '1', 'b.yaml': '1' })
    const { shows } = await follow(root)
    expect(shows({ 'a.yaml': '1', 'b.yaml': '1' })()).toBe(true)
    for (const version of ['v2', 'v3']) {
      await mount(version, { 'a.yaml': version, 'b.yaml': version })
      await until(shows({ 'a.yaml': version, 'b.yaml': version }))
    }
    await remove('..v2')
  })

  it('a file that is removed is gone, and one that is renamed has its new path', async () => {
    const { root, at, remove } = await aFolder({ 'a.yaml': '1', 'b.yaml': '2' })
    const { shows } = await follow(root)
    await remove('a.yaml')
    await until(shows({ 'b.yaml': '2' }))
    await rename(at('b.yaml'), at('c.yaml'))
    await until(shows({ 'c.yaml': '2' }))
  })

  it('files of new folders are read, also after those folders were recreated', async () => {
    const { root, write, remove } = await aFolder({ 'a.yaml': '1' })
    const { shows } = await follow(root)
    for (const text of ['2', '3']) {
      await write('new/deep/b.yaml', text)
      await until(shows({ 'a.yaml': '1', 'new/deep/b.yaml': text }))
      await remove('new')
      await until(shows({ 'a.yaml': '1' }))
    }
  })

  it('a file with an older time than before is read again', async () => {
    const { root, at, write } = await aFolder({ 'a.yaml': '1' })
    const { shows } = await follow(root)
    await write('a.yaml', '2')
    await utimes(at('a.yaml'), 1, 1)
    await until(shows({ 'a.yaml': '2' }))
  })
})

describe('without a notification', () => {
  it('a change behind a link is found by scanning', async () => {
    const elsewhere = await aFolder({ 'real.yaml': '1' })
    const { root, at } = await aFolder()
    await symlink(elsewhere.at('real.yaml'), at('a.yaml'))
    const { shows } = await follow(root, { intervalMs: 100 })
    await elsewhere.write('real.yaml', '2')
    await until(shows({ 'a.yaml': '2' }))
  })

  it('a folder that was removed and recreated is read again', async () => {
    const { root, write, remove } = await aFolder({ 'a.yaml': '1' })
    const { shows, texts } = await follow(root, { intervalMs: 100 })
    await remove('')
    await until(() => texts.has('') && texts.get('a.yaml') === undefined)
    await write('a.yaml', '2')
    await until(shows({ 'a.yaml': '2' }))
  })
})

it('nothing is applied after it was closed', async () => {
  const { root, write } = await aFolder({ 'a.yaml': '1' })
  const { close, shows } = await follow(root)
  const other = await follow(root)
  await close()
  await write('a.yaml', '2')
  await until(other.shows({ 'a.yaml': '2' }))
  expect(shows({ 'a.yaml': '1' })()).toBe(true)
})

describe('between two scans', () => {
  it('the pause is longer if a scan takes long, but bounded', () => {
    const rests = [1, 500, 5_000, 60_000].map((scanMs) => restAfter(scanMs, { intervalMs: 1_000 }))
    expect(rests).toEqual([1_000, 5_000, 50_000, 60_000])
  })
})
