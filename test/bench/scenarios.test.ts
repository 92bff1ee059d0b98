import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { faultIn } from '../../bench/measure/outcome.ts'
import { writeWorld } from '../../bench/worlds/manifests.ts'
import type { Scenario } from '../../bench/worlds/scenario.ts'
import { COLD_TOKENS, SCENARIOS } from '../../bench/worlds/scenarios.ts'
import { createIssuers, type Issuers } from '../../bench/worlds/tokens.ts'
import { keyNumberOf, modelOfKey, protectedModel, type World } from '../../bench/worlds/world.ts'
import { type Engine, openEngine } from '../../src/app/engine.ts'
import { configOf } from '../../src/cli/config-of.ts'
import { encodeAnswer } from '../../src/envoy/check-handler.ts'
import { decodeCheckRequest, decodeCheckResponse } from '../../src/envoy/protocol.ts'
import { readCheckRequest } from '../../src/envoy/read-request.ts'

let folder = ''
let issuers: Issuers
const engines = new Map<World, Engine>()

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'worlds-'))
  issuers = await createIssuers(folder)
})

afterAll(async () => {
  for (const engine of engines.values()) await engine.close()
  await rm(folder, { recursive: true })
})

async function engineOf(world: World): Promise<Engine> {
  const known = engines.get(world)
  if (known !== undefined) return known
  const own = path.join(folder, world.name)
  await writeWorld(own, world, issuers)
  const complain = (text: string) => {
    throw new Error(text)
  }
  const engine = await openEngine({
    config: configOf({ config: path.join(own, 'config.yaml') }),
    manifests: path.join(own, 'manifests'),
    reportProblem: ({ message }) => complain(message),
    // Late keys are fetched again. A check without them gets another answer, which is what counts here.
    reportFault: () => {},
    reportOutage: (_resource, message) => complain(message),
  })
  engines.set(world, engine)
  return engine
}

/** Four different ones out of thousands of tokens. */
const frugal = (): Issuers => {
  const tokens = new Map<string, string>()
  const userToken: Issuers['userToken'] = (algorithm, number) => {
    const key = `${algorithm} ${number % 4}`
    const token = tokens.get(key) ?? issuers.userToken(algorithm, number)
    tokens.set(key, token)
    return token
  }
  return { ...issuers, userToken }
}

async function answerTo(frame: Buffer, { world }: Scenario) {
  const { authorize, encode } = await engineOf(world)
  const incoming = readCheckRequest(decodeCheckRequest(frame), 'workload')
  const answer = await authorize(incoming.request)
  return decodeCheckResponse(encodeAnswer(encode, incoming, answer))
}

function aScenario(id: string): Scenario {
  const scenario = SCENARIOS.find((one) => one.id === id)
  if (scenario === undefined) throw new Error(`no scenario ${id}`)
  return scenario
}

const isSmall = ({ world }: Scenario) => world.keys <= 100 && world.source === 'folder'

const hasControl = (
  scenario: Scenario,
): scenario is Scenario & Required<Pick<Scenario, 'control'>> => scenario.control !== undefined

describe('a scenario of the benchmark gets its expected answer', () => {
  it.each(SCENARIOS.filter(isSmall).map((scenario) => [scenario.title, scenario] as const))(
    '%s',
    async (_title, scenario) => {
      const [frame = Buffer.alloc(0)] = scenario.frames(frugal())
      expect(faultIn(await answerTo(frame, scenario), scenario.expected)).toBeUndefined()
    },
  )

  it.each(SCENARIOS.filter(hasControl).map((scenario) => [scenario.title, scenario] as const))(
    '%s, and a nearly equal request another one',
    async (_title, scenario) => {
      const { frame, expected } = scenario.control
      expect(faultIn(await answerTo(frame(issuers), scenario), expected)).toBeUndefined()
    },
  )

  it('and reports an unexpected answer', async () => {
    const scenario = aScenario('open')
    const [frame = Buffer.alloc(0)] = scenario.frames(issuers)
    const answer = await answerTo(frame, scenario)
    expect(faultIn(answer, { outcome: 'deny', reason: 'not-permitted' })).toContain('not denied')
    expect(faultIn(answer, { outcome: 'allow', user: 'somebody' })).toContain('not as somebody')
  })
})

describe('the frames', () => {
  it('are as long as those of a real sidecar', () => {
    const lengthOf = (id: string) => aScenario(id).frames(issuers)[0]?.length
    expect(lengthOf('open')).toBeGreaterThan(1_000)
    expect(lengthOf('key-10')).toBeLessThan(1_250)
    expect(lengthOf('kubernetes')).toBeGreaterThan(2_000)
    expect(lengthOf('jwt-long')).toBeGreaterThan(31 * 1_024)
    expect(issuers.longToken(0).length).toBeLessThan(32_768)
    expect(lengthOf('body-64k')).toBeGreaterThan(65_536)
  })

  it('of cold tokens outnumber the cache', () => {
    expect(COLD_TOKENS).toBeGreaterThan(10_000)
    expect(aScenario('jwt-es256-cold').frames(frugal())).toHaveLength(COLD_TOKENS)
  })
})

describe('a world', () => {
  it.each([...new Set(SCENARIOS.map(({ world }) => world))])(
    'of $services services and $keys keys has one for the requested model',
    (world) => {
      const model = protectedModel(world)
      const number = keyNumberOf(model, world)
      expect(modelOfKey(number, world)).toEqual(model)
      expect(number).toBeLessThan(world.keys)
    },
  )
})
