import { z } from 'zod'
import type { Change, Question } from './data.ts'

const decision = z.looseObject({ requestId: z.string() })

export type Decision = z.infer<typeof decision>

/** A line of the decision log. */
export const decisionOf = (line: unknown): Decision => decision.parse(line)

/** The service, with any source of its data. */
export type RunningService = {
  /** The addresses for the proxies of each position. */
  readonly authzPorts: Readonly<Record<'workload' | 'gateway', number>>
  /** In Prometheus' text format. */
  readonly metrics: () => Promise<string>
  /** The number of answered checks. */
  readonly checks: () => Promise<number>
  /** The lines of the decision log up to now; the last one may still be missing. */
  readonly decisions: () => readonly Decision[]
  /** All output. */
  readonly printed: () => string
  readonly stop: () => Promise<void>
}

/** The place of an example's manifests: a copy of its folder, or a cluster. */
export type Source = {
  /** `config`: a file of the copy. */
  readonly start: (config: string | undefined) => Promise<RunningService>
  readonly change: (change: Change) => Promise<void>
  readonly can: (question: Question) => Promise<boolean>
  /** Replaces each `{{token:...}}` with a token. */
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
