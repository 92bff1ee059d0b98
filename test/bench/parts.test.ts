import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Measured } from '../../bench/measure/bench.ts'
import { countAnswers } from '../../bench/measure/loop.ts'
import { joined, sharesOf } from '../../bench/measure/run.ts'
import { assertWritable } from '../../bench/report/folder.ts'
import { SCENARIOS } from '../../bench/worlds/scenarios.ts'

describe('the slices of a scenario', () => {
  it.each([
    [{ slices: 6, starts: 3 }, [2, 2, 2]],
    [{ slices: 7, starts: 3 }, [2, 2, 3]],
    [{ slices: 1, starts: 3 }, [1]],
  ])('of %j are shared among the starts', (extent, shares) => {
    expect(sharesOf(extent)).toEqual(shares)
  })

  it('of all starts count, in their order', () => {
    const [scenario] = SCENARIOS
    if (scenario === undefined) throw new Error('no scenario')
    const slice = (checksPerSecond: number) => ({
      checksPerSecond,
      cpuMicroseconds: 1,
      residentBytes: 1,
      foreignCores: 0,
    })
    const start = (number: number, repeatedFor?: string): Measured => ({
      scenario,
      slices: { null: [slice(number)], service: [slice(-number)] },
      latencies: { null: [], service: [{ p50Ms: number, p99Ms: number }] },
      verifyMicroseconds: [number],
      ...(repeatedFor === undefined ? {} : { repeatedFor }),
    })
    expect(joined([start(1), start(2, 'it ended')])).toEqual([
      {
        scenario,
        slices: { null: [slice(1), slice(2)], service: [slice(-1), slice(-2)] },
        latencies: {
          null: [],
          service: [
            { p50Ms: 1, p99Ms: 1 },
            { p50Ms: 2, p99Ms: 2 },
          ],
        },
        verifyMicroseconds: [1, 2],
        repeatedFor: 'it ended',
      },
    ])
    expect(joined([])).toEqual([])
  })
})

describe("h2load's log of a slice", () => {
  it('has a line for each answer', () => {
    expect(countAnswers('1\t200\t95\n2\t200\t97\n')).toBe(2)
  })

  it.each(['', '1\t200\t95\n2\t503\t97\n', '1\t-1\t95\n'])(
    'is an error without an answer, or if a request failed: %j',
    (log) => {
      expect(() => countAnswers(log)).toThrow('h2load')
    },
  )
})

describe('the folder of a report', () => {
  const aFolder = async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'report-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    return folder
  }

  it('may be empty, or hold a report', async () => {
    const folder = await aFolder()
    await assertWritable(folder)
    await writeFile(path.join(folder, 'report.md'), '')
    await assertWritable(folder)
  })

  it('is refused before the measurement if it does not exist or is a file', async () => {
    const folder = await aFolder()
    const file = path.join(folder, 'file')
    await writeFile(file, '')
    for (const wrong of [path.join(folder, 'missing'), file])
      await expect(assertWritable(wrong)).rejects.toThrow('is no folder')
  })

  it('is refused if the report in it is no file', async () => {
    const folder = await aFolder()
    await mkdir(path.join(folder, 'report.svg'))
    await expect(assertWritable(folder)).rejects.toThrow('report.svg, for the report, is no file')
  })
})
