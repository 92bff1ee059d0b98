import { startEnvoy } from '../../scripts/start-envoy.ts'
import { envoyOf, type GatewayPorts, REACHED, unguarded } from './envoy.ts'
import { type Breach, breachIn } from './judge.ts'
import type { Gateway, World } from './model.ts'
import { kindOfGood } from './outages.ts'
import { createRandom } from './random.ts'
import { type Asked, requestsOf } from './requests.ts'
import { startService } from './start-service.ts'
import { type Address, type Answer, createLine } from './wire.ts'
import { createWorld } from './world.ts'

/** A valid request that was denied. */
type Outage = { readonly kind: string; readonly asked: Asked; readonly reason: string }

export type Findings = {
  readonly world: World
  readonly answers: ReadonlyMap<number, number>
  readonly breaches: readonly Breach[]
  readonly outages: readonly Outage[]
  /** Valid requests by kind. */
  readonly goods: ReadonlyMap<string, number>
}

type Run = {
  readonly seed: number
  readonly requests: number
  readonly envoy: string
  /** Arguments for `serve`. */
  readonly program: string
}

const LINES_PER_GATEWAY = 6

/** Sends requests through an Envoy with checks by a service, both configured from the world of this seed. */
export async function runWorld({ seed, requests, envoy, program }: Run): Promise<Findings> {
  const world = createWorld(seed)
  const service = await startService(world, program)
  try {
    return await throughEnvoy(world, requests, { envoy, ports: service.ports })
  } finally {
    await service.stop()
  }
}

/** The same through an Envoy without checks: every kind of fault must be found. */
export const runUnasked = ({ seed, requests, envoy }: Omit<Run, 'program'>): Promise<Findings> =>
  throughEnvoy(createWorld(seed), requests, { envoy })

type Proxy = { readonly envoy: string; readonly ports?: GatewayPorts }

async function throughEnvoy(world: World, requests: number, { envoy, ports }: Proxy) {
  const proxy = await startEnvoy({ envoy, bootstrap: envoyOf(world, ports) })
  const addressOf: AddressOf = ({ id, listen }, asks) =>
    asks && ports !== undefined
      ? { host: listen, port: proxy.portOf(id) }
      : { host: '127.0.0.1', port: proxy.portOf(unguarded(id)) }
  try {
    return await sendAll(world, requests, addressOf)
  } finally {
    await proxy.stop()
  }
}

type AddressOf = (gateway: Gateway, asks: boolean) => Address

async function sendAll(world: World, count: number, addressOf: AddressOf) {
  const source = requestsOf(world, createRandom(world.seed + 1))
  const queues = new Map<string, Asked[]>(world.gateways.map(({ id }) => [id, []]))
  for (let sent = 0; sent < count; sent += 1) {
    const asked = source.next().value
    queues.get(asked.gateway)?.push(asked)
  }
  const answers = new Map<number, number>()
  const goods = new Map<string, number>()
  const breaches: Breach[] = []
  const outages: Outage[] = []
  const count1 = <K>(counts: Map<K, number>, key: K) =>
    void counts.set(key, (counts.get(key) ?? 0) + 1)

  const work = async (gateway: Gateway, queue: Asked[]) => {
    const line = createLine(addressOf(gateway, true))
    const open = createLine(addressOf(gateway, false))
    for (let asked = queue.pop(); asked !== undefined; asked = queue.pop()) {
      const answer = await line.send(asked)
      count1(answers, answer.status)
      const breach = breachIn(world, asked, answer)
      if (breach !== undefined) breaches.push(breach)
      const { good } = asked
      if (good === undefined) continue
      count1(goods, good.kind)
      if (answer.status !== 200 && (await isRouted(asked, open.send))) {
        const reason = answer.headers.get('x-ext-auth-reason') ?? ''
        outages.push({
          kind: kindOfGood(world, good),
          asked,
          reason: `${answer.status} ${reason}`,
        })
      }
    }
    line.close()
    open.close()
  }
  await Promise.all(
    world.gateways.flatMap((gateway) =>
      Array.from({ length: LINES_PER_GATEWAY }, () => work(gateway, queues.get(gateway.id) ?? [])),
    ),
  )
  return { world, answers, breaches, outages, goods }
}

/** Whether a valid request reaches its service without checks: other routes may take precedence. */
async function isRouted(asked: Asked, send: (asked: Asked) => Promise<Answer>): Promise<boolean> {
  const reached = (await send(asked)).headers.get(REACHED)
  return asked.good?.backends.some(({ id }) => id === reached) ?? false
}
