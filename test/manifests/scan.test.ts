import { utimesSync } from 'node:fs'
import { expect, it } from 'vitest'
import { scan } from '../../src/manifests/scan.ts'
import { createWriteStability } from '../../src/manifests/write-stability.ts'
import { aFolder } from './folders.ts'

it('a folder that changes during each scan is scanned five times', async () => {
  const { root } = await aFolder({ 'a.yaml': '1' })
  let scans = 0
  const found = await scan(root, { maxDepth: 16, maxFiles: 100 }, () => {
    scans += 1
    // After it was looked at, and before it is looked at again.
    setImmediate(() => utimesSync(root, scans, scans))
  })
  expect(scans).toBe(5)
  expect([...found.files.keys()]).toEqual(['a.yaml'])
})

it('a file settles although the clock of its file system is ahead', async () => {
  const { stateOf } = createWriteStability({ settleMs: 20, patienceMs: 60_000 })
  const file = { signature: 'one', bytes: 1, writtenAt: Date.now() + 3_600_000 }
  expect(stateOf('a.yaml', file)).toBe('changing')
  await expect.poll(() => stateOf('a.yaml', file)).toBe('settled')
})
