import { appendFileSync } from 'node:fs'
import type { Reporter, TestModule } from 'vitest/node'

/**
 * Appends "passed failed" to a file, one line per run of vitest. Before it, a line that begins with "failed: " for
 * each failure.
 */
export function countReporter(file: string): Reporter {
  return {
    onTestRunEnd: (modules, unhandledErrors) => {
      const passed = modules.flatMap((module) => testsOf(module, 'passed')).length
      const failures = [...modules.flatMap(failuresOf), ...unhandledErrors.map(firstLineOf)]
      const lines = [...failures.map((each) => `failed: ${each}`), `${passed} ${failures.length}`]
      appendFileSync(file, lines.map((line) => `${line}\n`).join(''))
    },
  }
}

const testsOf = (module: TestModule, state: 'passed' | 'failed') => [
  ...module.children.allTests(state),
]

type Fault = { readonly message: string }

const firstLineOf = ({ message }: Fault): string => message.split('\n', 1)[0] ?? ''

/** A file that fails outside its tests, for example in a hook, also counts as a failure. */
function failuresOf(module: TestModule): readonly string[] {
  const tests = testsOf(module, 'failed').map(
    (test) => `${test.fullName}: ${test.result().errors?.map(firstLineOf).join('; ') ?? ''}`,
  )
  const suites = [...module.children.allSuites()].flatMap((suite) => suite.errors())
  const outside = [...module.errors(), ...suites].map(firstLineOf).join('; ')
  const failures = tests.length === 0 && !module.ok() ? [outside] : tests
  return failures.map((failure) => `${module.relativeModuleId} ${failure}`)
}
