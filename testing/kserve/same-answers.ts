import type { CheckRequest } from '../../src/envoy/messages.ts'
import type { CheckClient } from '../envoy/check-client.ts'
import { at, textAt } from '../json.ts'
import { createRandom } from '../routes/random.ts'
import type { Callers } from './callers.ts'
import type { Asked } from './requests.ts'
import type { Snapshot } from './snapshot.ts'

type Position = 'workload' | 'gateway'
type Check = { readonly position: Position; readonly request: CheckRequest }

const METHODS = ['POST', 'POST', 'POST', 'GET', 'HEAD', 'OPTIONS', 'DELETE'] as const
const POD_PATHS = [
  '/v1/models/m:predict',
  '/healthz',
  '/metrics',
  '/health',
  '/v1/completions',
] as const

/** Checks of gateways and of sidecars, made of requests that KServe routes. */
export function checksOf(
  snapshot: Snapshot,
  requests: readonly Asked[],
  callers: Callers,
  count: number,
): readonly Check[] {
  const { pick, chance, below } = createRandom(7)
  const addresses = snapshot.pods.map((pod) => textAt(pod, 'status', 'podIP')).filter(Boolean)
  return Array.from({ length: count }, () => {
    const asked = pick(requests)
    if (asked === undefined || addresses.length === 0) throw new Error('nothing to ask')
    const position = chance(0.7) ? 'gateway' : 'workload'
    const path = position === 'workload' && chance(0.5) ? pick(POD_PATHS) : asked.path
    const address = chance(0.1) ? '127.0.0.99' : (pick(addresses) ?? '')
    return {
      position,
      request: {
        attributes: {
          source: { address: { socket_address: { address: pick(addresses) ?? '' } } },
          destination: {
            address: { socket_address: { address, port_value: 8_000 + below(2) * 80 } },
          },
          request: {
            http: {
              method: pick(METHODS),
              path,
              host: asked.host,
              scheme: 'http',
              headers: { ...lowered(asked.headers), ...pick(callers.headers) },
            },
          },
        },
      },
    } satisfies Check
  })
}

const lowered = (headers: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))

type Clients = Readonly<Record<Position, Pick<CheckClient, 'check'>>>

/** The answer in whole, but for the time after which to come back. */
export async function answerOf(clients: Clients, { position, request }: Check): Promise<unknown> {
  const answer = await clients[position].check(request)
  return JSON.parse(
    JSON.stringify(answer, (_key, value: unknown) =>
      at(value, 'header', 'key') === 'retry-after' ? 'some time' : value,
    ),
  )
}
