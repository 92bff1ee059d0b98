import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { at, listAt } from '../../../testing/json.ts'
import { LOAD_CORE, outputOf } from '../../measure/cores.ts'
import { nodeRuns } from '../../measure/servers.ts'
import { frameOf, grpcMessage } from '../../worlds/frames.ts'
import { bearer, SMALL } from '../../worlds/scenario.ts'
import type { Issuers } from '../../worlds/tokens.ts'
import {
  keyAt,
  keyNumberOf,
  type Model,
  modelAt,
  protectedModel,
  type World,
} from '../../worlds/world.ts'
import type { Flow, Outcome, Plan } from './load.ts'

/** Two tenants with 50 services each. */
export const WORLD: World = { ...SMALL, name: 'two tenants', services: 60, keys: 118 }
export const NOISY: Model = protectedModel(WORLD)
export const QUIET: Model = modelAt(55)

/** Twice what the service caches, so that each is new when it is sent again, although some are refused. */
const NEW_TOKENS = 24_576

export type Headers = Readonly<Record<string, string>>

/** Writes messages to a file, each with gRPC's length prefix. */
export async function messages(
  folder: string,
  name: string,
  model: Model,
  all: readonly Headers[],
) {
  const file = path.join(folder, `${name}.messages`)
  await writeFile(
    file,
    Buffer.concat(all.map((headers) => grpcMessage(frameOf({ model, headers })))),
  )
  return file
}

export const keyOf = (model: Model): Headers => bearer(keyAt(keyNumberOf(model, WORLD)))

export const newTokens = ({ userToken }: Issuers, first: number): readonly Headers[] =>
  Array.from({ length: NEW_TOKENS }, (_, index) => bearer(userToken('ES256', first + index)))

export const WARM_UP_SECONDS = 2

/** A flood yields the core of the load, so that it does not delay the sending of what is measured. */
const YIELDING = ['nice', '-n', '15'] as const

/**
 * Sends the flows and resolves to the outcome of each. The flows of a flood come from another process, and from the
 * second on in which the others begin to count.
 */
export async function sendAll(
  folder: string,
  port: number,
  seconds: number,
  flows: readonly Flow[],
  flood: readonly Flow[] = [],
) {
  const told = async (name: string, plan: Plan, command: readonly string[] = []) => {
    const file = path.join(folder, `${name}-plan.json`)
    await writeFile(file, JSON.stringify(plan))
    const load = nodeRuns('bench/latency/overload/load.ts', file)
    const told: unknown = JSON.parse(await outputOf(LOAD_CORE, [...command, ...load]))
    return plan.flows.map((flow) => outcomeOf(told, flow.name))
  }
  const plan = { port, seconds }
  const warm = { ...plan, waitSeconds: 0, warmUpSeconds: WARM_UP_SECONDS, flows }
  const late = { ...plan, waitSeconds: WARM_UP_SECONDS, warmUpSeconds: 0, flows: flood }
  const [measured, noise] = await Promise.all([
    told('load', warm),
    flood.length === 0 ? [] : told('flood', late, YIELDING),
  ])
  return [...measured, ...noise]
}

function outcomeOf(told: unknown, name: string): Outcome {
  const found = (Array.isArray(told) ? told : []).find((each) => at(each, 'name') === name)
  const number = (key: string): number => {
    const value = at(found, key)
    if (typeof value !== 'number') throw new Error(`the load reports no ${key} of ${name}`)
    return value
  }
  return {
    name,
    sent: number('sent'),
    held: number('held'),
    decided: number('decided'),
    overloaded: number('overloaded'),
    latenciesMs: listAt(found, 'latenciesMs').filter((each) => typeof each === 'number'),
    late: number('late'),
    failed: number('failed'),
    p50Ms: number('p50Ms'),
    p99Ms: number('p99Ms'),
    refusedP99Ms: number('refusedP99Ms'),
  }
}
