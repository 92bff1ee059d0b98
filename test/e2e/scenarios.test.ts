import { execFile } from 'node:child_process'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findEnvoy } from '../../scripts/envoy.ts'
import { changes, type Row, readExample } from '../../testing/scenario/data.ts'
import { type RunningScenario, startScenario } from '../../testing/scenario/scenario.ts'
import { takeSteps } from '../../testing/scenario/steps.ts'

const FOLDER = path.join(import.meta.dirname, '../../examples')

const EXAMPLES = [
  'evaluation-job',
  'predictor-policy',
  'llm-token-rotation',
  'in-cluster-clients',
].map((name) => readExample(path.join(FOLDER, name)))

let envoy = ''
beforeAll(async () => {
  envoy = await findEnvoy(() => {})
})

describe.each(EXAMPLES)('examples/$name', (example) => {
  const shared = new Map<string, Promise<RunningScenario>>()
  afterAll(async () => {
    await Promise.all([...shared.values()].map(async (scenario) => (await scenario).stop()))
  })

  const start = (row: Row) =>
    startScenario({ envoy, example, config: row.config ?? example.config, given: row.given })

  const sharedFor = (row: Row) => {
    const key = row.config ?? ''
    const scenario = shared.get(key) ?? start(row)
    shared.set(key, scenario)
    return scenario
  }

  it.each(example.rows)('$name', async (row) => {
    if (!changes(row)) return takeSteps(await sharedFor(row), example, row)
    const scenario = await start(row)
    await takeSteps(scenario, example, row).finally(scenario.stop)
  })

  it('has a row for each sentence of its page', () => {
    const [, table = ''] = example.page.split(/^\| row +\| answer +\|\n\| -+ \| -+ \|\n/m)
    const [sentences = ''] = table.split('\n\n')
    const told = [...sentences.matchAll(/^\| (.+?) +\|/gm)].map(([, sentence]) => sentence)

    expect(example.rows.map(({ name }) => name)).toEqual(told)
  })

  it('has a page with commands that print what it shows', async () => {
    const told = [...example.page.matchAll(/^\$ (\S*kserve-authz (?:.*\\\n)*.*)\n(.*)$/gm)]
    const answers = await Promise.all(told.map(([, command = '']) => run(command)))

    expect(answers).toEqual(told.map(([, , answer]) => answer))
    expect(answers.length).toBeGreaterThan(1)
  })

  /** The first line that a command prints in the example's folder. */
  const run = (command: string) =>
    new Promise<string>((resolve) => {
      const env = { ...process.env, PATH: `${path.dirname(process.execPath)}:${process.env.PATH}` }
      const options = { cwd: example.folder, env, timeout: 20_000 }
      execFile('sh', ['-c', command], options, (_error, stdout) =>
        resolve(stdout.split('\n')[0] ?? ''),
      )
    })
})
