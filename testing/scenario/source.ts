import { z } from 'zod'
import type { Change, Question } from './data.ts'

const decision = z.looseObject({ requestId: z.string() })

export type Decision = z.infer<typeof decision>

/** A line of the decision log. */
export const decisionOf = (line: unknown): Decision => decision.parse(line)

/** The service, however it learns what it knows. */
export type RunningService = {
  /** Where the proxies of each position ask. */
  readonly authzPorts: Readonly<Record<'workload' | 'gateway', number>>
  /** As Prometheus reads them. */
  readonly metrics: () => Promise<string>
  /** How many checks were answered. */
  readonly checks: () => Promise<number>
  /** The lines of the decision log so far; the last one may still be on its way. */
  readonly decisions: () => readonly Decision[]
  /** All that it printed. */
  readonly printed: () => string
  readonly stop: () => Promise<void>
}

/** Where the manifests of an example are in force: a copy of its folder, or a cluster. */
export type Source = {
  /** `config`: a file of the copy. */
  readonly start: (config: string | undefined) => Promise<RunningService>
  readonly change: (change: Change) => Promise<void>
  readonly can: (question: Question) => Promise<boolean>
  /** Puts a token in the place of each `{{token:...}}`. */
  readonly fill: (text: string) => Promise<string>
}

/** `folder`: a copy of the example's. */
export type OpenSource = (folder: string) => Promise<Source>

/** Example listeners at this address are gateways, all others pods. */
const GATEWAY_ADDRESS = '127.0.0.1'

export const positionAt = (address: string): 'gateway' | 'workload' =>
  address === GATEWAY_ADDRESS ? 'gateway' : 'workload'

export const authzPortAt = (
  { authzPorts }: Pick<RunningService, 'authzPorts'>,
  address: string,
): number => authzPorts[positionAt(address)]
