import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { startService } from '../../measure/servers.ts'
import { writeWorld } from '../../worlds/manifests.ts'
import { bearer } from '../../worlds/scenario.ts'
import { createIssuers } from '../../worlds/tokens.ts'
import { keyAt, type Model } from '../../worlds/world.ts'
import { changeLargeObjects } from './large-objects.ts'
import type { Flow } from './load.ts'
import {
  type Headers,
  keyOf,
  messages,
  NOISY,
  newTokens,
  QUIET,
  sendAll,
  WARM_UP_SECONDS,
  WORLD,
} from './world.ts'

const UNKNOWN_KEYS = 4_096

export type Place = Awaited<ReturnType<typeof openPlace>>

/** The service, and the requests of two tenants' callers. */
export async function openPlace() {
  const folder = await mkdtemp(path.join(tmpdir(), 'overload-'))
  const issuers = await createIssuers(folder)
  await writeWorld(folder, WORLD, issuers)
  const write = (name: string, model: Model, all: readonly Headers[]) =>
    messages(folder, name, model, all)
  const unknown = Array.from({ length: UNKNOWN_KEYS }, (_, index) => bearer(keyAt(-1 - index)))
  const files = {
    quietKey: await write('quiet-key', QUIET, [keyOf(QUIET)]),
    quietTokens: await write('quiet-tokens', QUIET, newTokens(issuers, 1)),
    noisyKey: await write('noisy-key', NOISY, [keyOf(NOISY)]),
    noisyTokens: await write('noisy-tokens', NOISY, newTokens(issuers, 1_000_000)),
    unknownKeys: await write('unknown-keys', NOISY, unknown),
    garbage: await write('garbage', NOISY, newTokens(issuers, 2_000_000).map(withoutSignature)),
  }
  const service = await startService({ folder })
  /** Messages of each file that were sent: a flow goes on with the next ones, so that a new token is new. */
  const sent = new Map<string, number>()
  const goOn = (flow: Flow, seconds: number): Flow => {
    const from = sent.get(flow.file) ?? 0
    sent.set(flow.file, from + Math.ceil(flow.perSecond * (seconds + WARM_UP_SECONDS)))
    return { ...flow, from }
  }
  return {
    files,
    pid: service.pid,
    send: (seconds: number, flows: readonly Flow[], flood: readonly Flow[] = []) => {
      const next = (all: readonly Flow[]) => all.map((flow) => goOn(flow, seconds))
      return sendAll(folder, service.grpcPort, seconds, next(flows), next(flood))
    },
    changeLargeObjects: () => changeLargeObjects(path.join(folder, 'manifests'), NOISY.namespace),
    close: async () => {
      await service.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const ZEROS = 'A'.repeat(80)

const withoutSignature = ({ authorization = '' }: Headers): Headers => ({
  authorization: `${authorization.slice(0, -ZEROS.length)}${ZEROS}`,
})
