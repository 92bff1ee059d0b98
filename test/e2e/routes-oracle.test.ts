import { beforeAll, describe, expect, it } from 'vitest'
import { findEnvoy } from '../../scripts/envoy.ts'
import { UNDECLARED } from '../../testing/routes/judge.ts'
import { isPromised } from '../../testing/routes/outages.ts'
import { shownBreach, shownOutage } from '../../testing/routes/report.ts'
import { type Findings, runUnasked, runWorld } from '../../testing/routes/run.ts'
import seeds from '../fixtures/routes/seeds.json' with { type: 'json' }

const REQUESTS = 500
/** Another checkout can be tested as well. */
const PROGRAM = process.env.ROUTES_PROGRAM ?? 'src/main.ts'

const SEEDS = [...seeds.suite, ...seeds.found]

let envoy: string
beforeAll(async () => {
  envoy = await findEnvoy(() => {})
})

describe('every model that a gateway reaches is permitted to its caller, in the world of seed', () => {
  it.each(SEEDS)('%i', async (seed) => {
    const found = await runWorld({ seed, requests: REQUESTS, envoy, program: PROGRAM })
    const breaches = found.breaches.filter(({ kind }) => kind !== UNDECLARED)

    expect(shownBreach([{ ...found, breaches }], 3).join('\n\n')).toBe('')
    for (const status of [200, 401, 403]) expect(found.answers.get(status)).toBeGreaterThan(0)
    expect(found.answers.get(503)).toBeUndefined()
    const outages = found.outages.filter(isPromised)
    expect(shownOutage([{ ...found, outages }], 3).join('\n\n')).toBe('')
  })
})

it('finds each kind of wrong allow if Envoy makes no checks', async () => {
  const found: Findings[] = []
  for (const seed of SEEDS) found.push(await runUnasked({ seed, requests: REQUESTS, envoy }))

  const kinds = new Set(found.flatMap(({ breaches }) => breaches.map(({ kind }) => kind)))
  expect([...kinds]).toEqual(
    expect.arrayContaining([
      'a routing header twice',
      'trailing dot',
      'cluster name at a gateway',
      'unknown name: adapter',
      'unknown name: baseRef',
      "unknown name: the header's",
      'own route without hostnames',
      'open claim on a foreign host',
      'own route into the paths of another',
      'unclaimed path on the address of a gateway',
    ]),
  )
})
