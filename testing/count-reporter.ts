import { appendFileSync } from 'node:fs'
import type { Reporter, TestModule } from 'vitest/node'

/** Appends "passed failed" to a file, one line per run of vitest. */
export function countReporter(file: string): Reporter {
  return {
    onTestRunEnd: (modules, unhandledErrors) => {
      const passed = modules.flatMap((module) => testsOf(module, 'passed')).length
      const failed = modules.reduce((sum, module) => sum + failuresOf(module), 0)
      appendFileSync(file, `${passed} ${failed + unhandledErrors.length}\n`)
    },
  }
}

const testsOf = (module: TestModule, state: 'passed' | 'failed') => [
  ...module.children.allTests(state),
]

/** A file that fails outside its tests also counts as a failure. */
function failuresOf(module: TestModule): number {
  const failed = testsOf(module, 'failed').length
  return failed === 0 && !module.ok() ? 1 : failed
}
