import { globSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { countReporter } from './testing/count-reporter.ts'

const counts = process.env.TEST_COUNTS
const e2e = 'test/e2e/**'
const units = globSync('test/**/*.test.ts', { exclude: [e2e] })
/**
 * A replaced module, or a changed prototype, would reach other files of the same worker. What a heap promotes depends on
 * all files before.
 */
const ALONE = /\bvi\.mock\(|\bvi\.spyOn\(\w+\.prototype|'\.\/fuzz\.ts'|\/testing\/old-space\.ts'/
const alone = units.filter((file) => ALONE.test(readFileSync(file, 'utf8')))

// Two halves run at the same time, each a file at a time: programs of one half use the same loopback addresses.
const half = process.env.E2E
const inMeshes = (file: string) => /\/(?:cluster-mesh|istio|kserve|mesh)[-.]/.test(file)
const e2es = globSync('test/e2e/*.test.ts').filter(
  (file) => half === undefined || inMeshes(file) === (half === 'meshes'),
)

const unit = {
  pool: 'threads' as const,
  // Most of their time they wait.
  maxWorkers: Math.max(4, availableParallelism()),
  // A deadline, not a measure: a machine may be busy.
  testTimeout: 300_000,
  hookTimeout: 300_000,
  expect: { poll: { timeout: 60_000 } },
}

export default defineConfig({
  test: {
    reporters: ['default', ...(counts === undefined ? [] : [countReporter(counts)])],
    projects: [
      {
        // Its files share the modules that they import: importing them again took as long as the tests.
        test: {
          ...unit,
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [e2e, ...alone],
          isolate: false,
        },
      },
      { test: { ...unit, name: 'unit-isolated', include: alone } },
      {
        test: {
          name: 'e2e',
          include: e2es,
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 900_000,
          expect: { poll: { timeout: 60_000 } },
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
