import { messageOf } from '../../scripts/message-of.ts'
import type { Scenario } from '../worlds/scenario.ts'
import type { Issuers } from '../worlds/tokens.ts'
import type { World } from '../worlds/world.ts'
import type { Latency } from './load.ts'
import type { Extent, Pairs, Slice } from './slices.ts'

/** All results of one scenario. */
export type Measured = {
  readonly scenario: Scenario
  readonly slices: Pairs<Slice>
  readonly latencies: Pairs<Latency>
  /** CPU time of one verification alone, if each check needs one. */
  readonly verifyMicroseconds: readonly number[]
  /** Why the first measurement was discarded. */
  readonly repeatedFor?: string
}

export type MeasuredWorld = {
  readonly world: World
  readonly readyMs: number
  readonly measured: readonly Measured[]
}

/** Measurements that failed, with the cause. */
export type Failure = { readonly about: string; readonly message: string }

export type Bench = {
  readonly folder: string
  readonly issuers: Issuers
  readonly extent: Extent
  readonly say: (line: string) => void
  readonly failed: (failure: Failure) => void
  /** Aborted when the time is up. */
  readonly signal: AbortSignal
}

/** Runs a part; if it fails, the others continue. */
export async function attempt<T>(
  about: string,
  { say, failed, signal }: Pick<Bench, 'say' | 'failed' | 'signal'>,
  part: () => Promise<T>,
): Promise<T | undefined> {
  try {
    signal.throwIfAborted()
    return await part()
  } catch (fault) {
    const message = messageOf(fault)
    failed({ about, message })
    say(`  ${about}: ${message}`)
    return undefined
  }
}
