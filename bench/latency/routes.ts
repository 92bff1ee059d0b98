import { parseArgs } from 'node:util'
import { findEnvoy } from '../../scripts/envoy.ts'
import { UNDECLARED } from '../../testing/routes/judge.ts'
import { shownBreach, shownOutage, tableOfRuns } from '../../testing/routes/report.ts'
import { type Findings, runWorld } from '../../testing/routes/run.ts'

// Looks for requests that reach a model without permission, through a real Envoy.
// Usage: routes.ts [routes] [--requests N] [--per-world N] [--seed FIRST] [--program src/main.ts] [--show N]; fails
// if it finds one.

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    requests: { type: 'string', default: '130000' },
    'per-world': { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
    program: { type: 'string', default: 'src/main.ts' },
    show: { type: 'string', default: '1' },
  },
})

async function measure() {
  const { program } = values
  const envoy = await findEnvoy((line) => console.error(line))
  const requests = Number(values['per-world'])
  const worlds = Math.ceil(Number(values.requests) / requests)
  const runs: Findings[] = []
  for (let seed = Number(values.seed); runs.length < worlds; seed += 1) {
    runs.push(await runWorld({ seed, requests, envoy, program }))
  }
  console.log(tableOfRuns(runs))
  const shown = Number(values.show)
  for (const text of [...shownBreach(runs, shown), ...shownOutage(runs, shown)])
    console.log(`\n${text}`)
  return runs.every(({ breaches }) => breaches.every(({ kind }) => kind === UNDECLARED))
}

if (positionals.length === 0 || positionals.includes('routes')) {
  process.exitCode = (await measure()) ? 0 : 1
}
