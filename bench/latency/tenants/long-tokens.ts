import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { openEngine } from '../../../src/app/engine.ts'
import { configOf } from '../../../src/cli/config-of.ts'
import { encodeAnswer } from '../../../src/envoy/check-handler.ts'
import { readCheck } from '../../../src/envoy/read-request.ts'
import { frameOf } from '../../worlds/frames.ts'
import { writeWorld } from '../../worlds/manifests.ts'
import { bearer } from '../../worlds/scenario.ts'
import { SCENARIOS } from '../../worlds/scenarios.ts'
import { createIssuers } from '../../worlds/tokens.ts'
import { protectedModel } from '../../worlds/world.ts'
import { longestStall } from './stall.ts'

const TOKENS = 200
/** Sent before: the first checks of a process wait for its code to be compiled. */
const WARM_UP = 20

/** The longest stall while one caller shows new JWTs of 31 KiB, in milliseconds. */
export async function newLongTokens(): Promise<number> {
  const folder = await mkdtemp(path.join(tmpdir(), 'long-tokens-'))
  try {
    const issuers = await createIssuers(folder)
    const scenario = SCENARIOS.find(({ id }) => id === 'jwt-long')
    if (scenario === undefined) throw new Error('no scenario has long tokens')
    await writeWorld(folder, scenario.world, issuers)
    const engine = await openEngine({
      config: configOf({ config: path.join(folder, 'config.yaml') }),
      manifests: path.join(folder, 'manifests'),
      reportProblem: ({ message }) => console.error(message),
      reportFault: (message, error) => console.error(message, error),
      reportOutage: (_resource, message) => console.error(message),
    })
    const frames = Array.from({ length: WARM_UP + TOKENS }, (_, number) =>
      frameOf({
        model: protectedModel(scenario.world),
        headers: bearer(issuers.longToken(number)),
      }),
    )
    const ask = async (frame: Buffer) => {
      const incoming = readCheck(frame, { position: 'workload' })
      const answer = await engine.authorize(incoming.request)
      if (answer.decision.outcome !== 'allow') throw new Error('a valid token was refused')
      encodeAnswer(engine.encode, incoming, answer)
      await turn()
    }
    for (const frame of frames.slice(0, WARM_UP)) await ask(frame)
    const longest = await longestStall(async () => {
      for (const frame of frames.slice(WARM_UP)) await ask(frame)
    })
    await engine.close()
    return longest
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
