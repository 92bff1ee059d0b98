import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { OPEN } from '../../src/access/decision.ts'
import { BOUNDS } from '../../src/envoy/bounds.ts'
import { serveChecks } from '../../src/envoy/server.ts'
import { aCheckParts } from '../../testing/envoy/check-parts.ts'
import { head, sendRaw } from '../../testing/envoy/http.ts'
import { startEnvoyWithReplicas } from '../../testing/envoy/replicas.ts'
import { TEAM } from '../../testing/envoy/team.ts'
import { KEYS } from '../../testing/issuers/credentials.ts'
import { type Service, startService } from '../../testing/service.ts'

/** One client each, with the answer that it must get. */
const CLIENTS: readonly (readonly [header: string, status: number])[] = [
  [`x-api-key: ${KEYS.alice}`, 200],
  [`x-api-key: ${KEYS.alice}`, 200],
  ['x-api-key: a-key-that-nobody-has', 401],
  ['x-nothing: at all', 401],
]

let envoy: Awaited<ReturnType<typeof startEnvoyWithReplicas>>
const replicas: Service[] = []

beforeEach(async () => {
  envoy = await startEnvoyWithReplicas()
})
afterEach(async () => {
  await Promise.all(replicas.splice(0).map(({ stop }) => stop()))
  await envoy.stop()
})

async function start(): Promise<Service> {
  const replica = await startService({ folder: TEAM })
  replicas.push(replica)
  return replica
}

const askAll = () => envoy.ask(replicas.map(({ grpcPort }) => grpcPort))

/** Like the rollout of a Deployment: the new one is ready, the old one gets no more requests, and only then ends. */
async function replaceOldest() {
  await start()
  const [oldest] = replicas.splice(0, 1)
  await askAll()
  await oldest?.stop()
  return oldest?.ended
}

type Statuses = ReadonlyMap<number, number>

/** Sends requests continuously; resolves with the number of answers per status. A wrong answer counts as its negative. */
async function statusesDuring(
  work: (sofar: Statuses) => Promise<unknown>,
  all: typeof CLIENTS = CLIENTS,
) {
  const counts = new Map<number, number>()
  let done = false
  const client = async ([header, right]: (typeof CLIENTS)[number]) => {
    while (!done) {
      const request = head('GET /v1/models/m HTTP/1.1', 'Host: sk-team.example.com', header)
      const { status } = await sendRaw({ port: envoy.port }, request)
      const answer = status === right ? status : -status
      counts.set(answer, (counts.get(answer) ?? 0) + 1)
      await setImmediate()
    }
  }
  const clients = all.map(client)
  await work(counts).finally(() => {
    done = true
  })
  await Promise.all(clients)
  return counts
}

describe('replicas that are replaced one after another', () => {
  it('leave no request without its answer', async () => {
    await start()
    await start()
    await askAll()
    const ends: unknown[] = []
    const statuses = await statusesDuring(async () => {
      for (let turn = 0; turn < 4; turn += 1) ends.push(await replaceOldest())
    })
    expect(new Set(statuses.keys())).toEqual(new Set([200, 401]))
    for (const status of [200, 401]) expect(statuses.get(status)).toBeGreaterThan(100)
    expect(ends).toEqual(Array.from({ length: 4 }, () => 'the service ended with exit code 0'))
  })

  it('lose requests if one ends while it still gets them', async () => {
    await start()
    await start()
    await askAll()
    const statuses = await statusesDuring(async (sofar) => {
      await replicas.shift()?.stop()
      await expect.poll(() => sofar.get(-503) ?? 0).toBeGreaterThan(0)
    })
    expect(new Set(statuses.keys())).toEqual(new Set([200, 401, -503]))
  })
})

describe('connections that reach their age', () => {
  it('are left by Envoy without a request that gets no answer', async () => {
    const bounds = { ...BOUNDS, ageMs: 100 }
    const server = await serveChecks(
      { position: 'gateway', address: '127.0.0.1:0' },
      aCheckParts({ authorize: () => ({ decision: OPEN, target: undefined, caller: undefined }) }),
      undefined,
      { bounds },
    )
    try {
      await envoy.ask([server.port])
      const clients = CLIENTS.map(([header]) => [header, 200] as const)
      const statuses = await statusesDuring(
        () => expect.poll(envoy.left, { timeout: 60_000 }).toBeGreaterThan(5),
        clients,
      )
      expect(new Set(statuses.keys())).toEqual(new Set([200]))
      expect(await envoy.faults()).toEqual([])
    } finally {
      await server.close(1_000)
    }
  })
})
