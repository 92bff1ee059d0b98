import { writeFileSync } from 'node:fs'
import { appendFile, mkdir, rename, symlink } from 'node:fs/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { aFolder, follow, until } from './folders.ts'

describe('a file being written', () => {
  it('is not read half-written', async () => {
    const { root, at, write } = await aFolder({ 'a.yaml': 'whole' })
    const { shows, steps } = await follow(root, { settleMs: 100 })
    await write('a.yaml', '')
    for (const part of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']) {
      await appendFile(at('a.yaml'), part)
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
    await until(shows({ 'a.yaml': 'abcdefgh' }))
    expect(steps).toHaveLength(2)
  })

  it('without end delays other changes by only a moment', async () => {
    const { root, at, write, remove } = await aFolder({
      'a.yaml': '0',
      'b.yaml': '1',
      'c.yaml': '1',
    })
    const { texts } = await follow(root)
    const writing = setInterval(() => writeFileSync(at('a.yaml'), `${performance.now()}`), 5)
    onTestFinished(() => clearInterval(writing))
    await write('b.yaml', '2')
    await until(() => texts.get('b.yaml') === '2')
    await remove('c.yaml')
    await until(() => !texts.has('c.yaml'))
  })

  it('without end becomes unreadable, and readable again when it is stable', async () => {
    const { root, at, write } = await aFolder({ 'a.yaml': '0' })
    const { texts, shows } = await follow(root, { settleMs: 200, patienceMs: 200 })
    const writing = setInterval(() => writeFileSync(at('a.yaml'), `${performance.now()}`), 10)
    onTestFinished(() => clearInterval(writing))
    await until(() => texts.get('a.yaml') === undefined)
    clearInterval(writing)
    await write('a.yaml', 'at rest')
    await until(shows({ 'a.yaml': 'at rest' }))
  })
})

describe('the unreadable paths', () => {
  it('include a file that is too large, until it is smaller', async () => {
    const { root, write } = await aFolder({ 'a.yaml': '12345', 'b.yaml': '123456' })
    const { shows } = await follow(root, { maxBytes: 5 })
    expect(shows({ 'a.yaml': '12345', 'b.yaml': undefined })()).toBe(true)
    await write('b.yaml', '1')
    await until(shows({ 'a.yaml': '12345', 'b.yaml': '1' }))
  })

  it('include files beyond the maximum number and depth', async () => {
    const files = { '1.yaml': '1', '2.yaml': '2', '3.yaml': '3', 'a/b/c.yaml': 'c' }
    const { root, remove } = await aFolder(files)
    const few = await follow(root, { maxFiles: 2 })
    expect([...few.texts.keys()].sort()).toEqual(['1.yaml', '2.yaml', '3.yaml', 'a'])
    expect(few.texts.get('3.yaml')).toBeUndefined()
    const shallow = await follow(root, { maxDepth: 1 })
    expect(shallow.texts.has('a/b')).toBe(true)
    expect(shallow.texts.get('a/b')).toBeUndefined()
    expect(shallow.texts.get('3.yaml')).toBe('3')
    await remove('a')
    await until(shallow.shows({ '1.yaml': '1', '2.yaml': '2', '3.yaml': '3' }))
  })

  it('are files more than 16 folders deep', async () => {
    const path = (depth: number) => `${'d/'.repeat(depth)}a.yaml`
    const { root } = await aFolder({ [path(16)]: 'deep', [path(17)]: 'too deep' })
    const { shows } = await follow(root)
    const folder = 'd/'.repeat(17).slice(0, -1)
    expect(shows({ [path(16)]: 'deep', [folder]: undefined })()).toBe(true)
  })

  it('include a cycle of links, once', async () => {
    const { root, at } = await aFolder({ 'a.yaml': '1' })
    await mkdir(at('sub'))
    await symlink('..', at('sub/up'))
    await symlink('loop', at('loop'))
    await symlink('nowhere', at('gone.yaml'))
    const { texts } = await follow(root)
    expect(Object.fromEntries(texts)).toEqual({ 'a.yaml': '1', loop: undefined })
  })

  it('include a link of a cycle that replaces a file or a folder, and everything below', async () => {
    const { root, at, remove } = await aFolder({ 'a.yaml': '1', 'sub/b.yaml': '2' })
    const { shows } = await follow(root)
    for (const name of ['a.yaml', 'sub']) {
      await rename(at(name), at(`.${name}`))
      await symlink(name, at(name))
    }
    await until(shows({ 'a.yaml': undefined, sub: undefined, 'sub/b.yaml': undefined }))
    for (const name of ['a.yaml', 'sub']) {
      await remove(name)
      await rename(at(`.${name}`), at(name))
    }
    await until(shows({ 'a.yaml': '1', 'sub/b.yaml': '2' }))
  })
})
