import type { DenyReason } from '../../src/access/decision.ts'
import { type Asked, frameOf } from './frames.ts'
import type { Algorithm, Issuers } from './tokens.ts'
import { keyAt, keyNumberOf, type Model, protectedModel, type World } from './world.ts'

/** One kind of request in one world. */
export type Scenario = {
  readonly id: string
  readonly title: string
  readonly world: World
  /** The bytes of the requests that are sent in turn; usually one. */
  readonly frames: (issuers: Issuers) => readonly Buffer[]
  readonly expected: Expected
  /** Nearly the same request with a different answer: it shows that the measured part decides. */
  readonly control?: Control
  readonly load: Load
  /** Latency is measured under this load; absent: one request at a time. */
  readonly latencyLoad?: Load
  /** The promised maximum of the CPU time of a check, relative to the null server's; absent: none. */
  readonly goal?: number
  /** A token of this kind is verified in each check; the promise then covers its CPU time. */
  readonly verifies?: Algorithm
}

/** The answer to every request of a scenario. Without `user` the caller is not identified. */
export type Expected =
  | { readonly outcome: 'allow'; readonly user?: string }
  | { readonly outcome: 'deny'; readonly reason: DenyReason }

type Control = {
  readonly frame: (issuers: Issuers) => Buffer
  readonly expected: Expected
}

/** The number of connections, and of concurrent requests per connection. */
export type Load = { readonly connections: number; readonly streams: number }

export const USUAL_LOAD: Load = { connections: 4, streams: 32 }
export const ONE_AT_A_TIME: Load = { connections: 1, streams: 1 }
export const SMALL: World = {
  name: 'small',
  services: 10,
  keys: 10,
  rules: 0,
  decisionLog: 'all',
  source: 'folder',
}

export type Told = Pick<Scenario, 'id' | 'title'> & Partial<Scenario>

/** Details of the request, and whether it goes to another model than the world's protected one. */
export type Request = Omit<Asked, 'model'> & { readonly model?: Model }

/** A scenario that repeats one request, by default in the small world. */
export const asking = (
  told: Told,
  expected: Expected,
  request: (issuers: Issuers) => Request,
): Scenario => {
  const world = told.world ?? SMALL
  const model = protectedModel(world)
  const frames = (issuers: Issuers) => [frameOf({ model, ...request(issuers) })]
  return { world, frames, expected, load: USUAL_LOAD, ...told }
}

/** A scenario with the key of the protected model. */
export const askingWithKey = (told: Told, request: Request = {}): Scenario => {
  const world = told.world ?? SMALL
  const model = protectedModel(world)
  const number = keyNumberOf(model, world)
  const headers = { ...request.headers, ...bearer(keyAt(number)) }
  return asking(told, { outcome: 'allow', user: userOfKey(number, model) }, () => ({
    ...request,
    headers,
  }))
}

/** The user of an API key whose Secret names none. */
const userOfKey = (number: number, { namespace }: Model): string =>
  `apikey:${namespace}/key-${number}`

export const bearer = (credential: string) => ({ authorization: `Bearer ${credential}` })
