import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { frameOf, grpcMessage } from '../worlds/frames.ts'
import { bearer, SMALL } from '../worlds/scenario.ts'
import type { Issuers } from '../worlds/tokens.ts'
import { keyAt, modelOfKey, type World } from '../worlds/world.ts'
import { createDriver } from './load.ts'
import { ask } from './outcome.ts'
import { openPlace } from './place.ts'
import { startNullServer, startService } from './servers.ts'
import { residentBytes } from './usage.ts'

/** Resident MiB of a server: when it was ready, after a load, and after as much again. */
export type Memory = {
  readonly name: string
  readonly keys: number
  readonly ready: number
  readonly loaded: number
  readonly more: number
  readonly checks: number
}

const LOAD = { connections: 4, streams: 32 }
const MIN_CHECKS = 120_000
const PART = 20_000
/** Of the requests: memory is measured, not answers. */
const MAX_FAILED = 0.05

/** Without a world: of the null server. Each key of the world is used at least once. */
export async function measureMemory(
  world: World | undefined,
  issuers: Issuers,
  parent: string,
): Promise<Memory> {
  const { name, keys } = world ?? { name: 'null', keys: 0 }
  const folder = path.join(parent, name.replaceAll(/\W+/g, '-'))
  const place = await openPlace(folder, world ?? SMALL, issuers)
  const frames = framesOf(world ?? SMALL)
  const server =
    world === undefined
      ? await startNullServer(async (port) => (await ask(port, frames.slice(0, 1))).length > 0)
      : await startService(place.told)
  try {
    const mebibytes = () => Math.round(residentBytes(server.pid) / 2 ** 20)
    const ready = mebibytes()
    const file = path.join(folder, 'messages')
    await writeFile(file, Buffer.concat(frames.map(grpcMessage)))
    const driver = createDriver(server.grpcPort, file, MAX_FAILED)
    const checks = Math.max(MIN_CHECKS, frames.length)
    const load = async () => {
      for (let done = 0; done < checks; done += PART) await driver.times(PART, LOAD)
      return mebibytes()
    }
    return { name, keys, ready, loaded: await load(), more: await load(), checks }
  } finally {
    await server.stop()
    await place.close()
  }
}

const framesOf = (world: World): readonly Buffer[] =>
  Array.from({ length: world.keys }, (_, index) =>
    frameOf({ model: modelOfKey(index, world), headers: bearer(keyAt(index)) }),
  )
