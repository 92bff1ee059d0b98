import type { DenyReason } from '../../src/access/decision.ts'
import { type Asked, frameOf } from './frames.ts'
import type { Algorithm, Issuers } from './tokens.ts'
import { keyAt, keyNumberOf, type Model, protectedModel, type World } from './world.ts'

/** One kind of request, asked of one world. */
export type Scenario = {
  readonly id: string
  readonly title: string
  readonly world: World
  /** The bytes of the requests that are sent in turn; mostly one. */
  readonly frames: (issuers: Issuers) => readonly Buffer[]
  readonly expected: Expected
  /** Nearly the same request, which is answered otherwise: what is measured is what decides. */
  readonly control?: Control
  readonly load: Load
  /** Latency is measured under this load; absent: one request at a time. */
  readonly latencyLoad?: Load
  /** The least share of the null server's checks/s that is promised, if any is. */
  readonly goal?: number
  /** A token of this kind is verified in each check; the promise is about the CPU it takes then. */
  readonly verifies?: Algorithm
}

/** What every request of a scenario is answered with. `user` absent: nobody is asked who it is. */
export type Expected =
  | { readonly outcome: 'allow'; readonly user?: string }
  | { readonly outcome: 'deny'; readonly reason: DenyReason }

type Control = {
  readonly frame: (issuers: Issuers) => Buffer
  readonly expected: Expected
}

/** How many connections with how many requests under way on each. */
export type Load = { readonly connections: number; readonly streams: number }

const USUAL_LOAD: Load = { connections: 4, streams: 32 }
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

/** What is asked besides the model, and whether of another one than the world's protected model. */
export type Request = Omit<Asked, 'model'> & { readonly model?: Model }

/** A scenario that sends one request again and again, in the small world if told nothing else. */
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

/** A scenario that shows the key of the protected model. */
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

/** What an API key calls its holder where its Secret names none. */
const userOfKey = (number: number, { namespace }: Model): string =>
  `apikey:${namespace}/key-${number}`

export const bearer = (credential: string) => ({ authorization: `Bearer ${credential}` })
