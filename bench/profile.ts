import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { messageOf } from '../scripts/message-of.ts'
import { stayOffServerCore } from './measure/cores.ts'
import { createGenerator } from './measure/load.ts'
import { ask, faultIn } from './measure/outcome.ts'
import { openPlace } from './measure/place.ts'
import { startService } from './measure/servers.ts'
import { haveTools } from './measure/tools.ts'
import { type Period, readProfile, type Share, selfTimes } from './report/profile-table.ts'
import type { Scenario } from './worlds/scenario.ts'
import { SCENARIOS } from './worlds/scenarios.ts'
import { createIssuers } from './worlds/tokens.ts'

// Shows where the service spends its time under the load of one scenario.
// Usage: profile.ts [ID-OF-SCENARIO]; PROFILE_SECONDS (8)

const WARM_UP_SECONDS = 2
const FUNCTIONS = 45

const say = (line: string) => void process.stdout.write(`${line}\n`)

function scenarioOf(id: string): Scenario {
  const scenario = SCENARIOS.find((one) => one.id === id)
  if (scenario !== undefined) return scenario
  throw new Error(`no scenario ${id}; there are ${SCENARIOS.map((one) => one.id).join(', ')}`)
}

type Taken = { readonly json: string; readonly period: Period }

const microsecondsNow = () => Number(process.hrtime.bigint() / 1_000n)

/** Loads the service while Node takes samples; discards the first ones. */
async function profileIn(folder: string, scenario: Scenario, seconds: number): Promise<Taken> {
  const nodeFlags = ['--cpu-prof', `--cpu-prof-dir=${folder}`]
  const place = await openPlace(folder, scenario.world, await createIssuers(folder))
  const stops = [place.close]
  let period: Period
  try {
    const frames = scenario.frames(place.issuers)
    const service = await startService({ ...place.told, nodeFlags })
    stops.push(service.stop)
    const [answer] = await ask(service.grpcPort, frames.slice(0, 1))
    const fault = answer && faultIn(answer, scenario.expected)
    if (fault !== undefined) throw new Error(fault)
    const { forSeconds } = await createGenerator(service.grpcPort, frames, folder)
    await forSeconds(WARM_UP_SECONDS, scenario.load)
    const from = microsecondsNow()
    const { checks } = await forSeconds(seconds, scenario.load)
    period = { from, to: microsecondsNow() }
    say(`${scenario.title}: ${checks} checks`)
  } finally {
    for (const stop of stops.toReversed()) await stop()
  }
  const file = (await readdir(folder)).find((name) => name.endsWith('.cpuprofile'))
  if (file === undefined) throw new Error('Node wrote no profile')
  return { json: await readFile(path.join(folder, file), 'utf8'), period }
}

const lines = (shares: readonly Share[]) =>
  shares.map(({ name, share }) => `${(share * 100).toFixed(1).padStart(6)} %  ${name}`).join('\n')

async function main(id = 'key-10') {
  const scenario = scenarioOf(id)
  haveTools(say)
  stayOffServerCore()
  const folder = await mkdtemp(path.join(tmpdir(), 'profile-'))
  try {
    const seconds = Number(process.env.PROFILE_SECONDS ?? 8)
    const { json, period } = await profileIn(folder, scenario, seconds)
    const profile = readProfile(json)
    if (profile === undefined) throw new Error('the file that Node wrote is not a profile')
    const { byFunction, byPackage } = selfTimes(profile, period)
    say(`\nself time by package\n${lines(byPackage.filter(({ share }) => share >= 0.001))}`)
    say(`\nself time by function\n${lines(byFunction.slice(0, FUNCTIONS))}`)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

try {
  await main(process.argv[2])
} catch (error) {
  process.stderr.write(`profile: ${messageOf(error)}\n`)
  process.exitCode = 1
}
