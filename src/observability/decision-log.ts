import type { Writable } from 'node:stream'
import type { CredentialKind } from '../access/caller.ts'
import type { DenyReason } from '../access/decision.ts'
import { pathOf } from '../access/path.ts'
import type { Position } from '../access/request.ts'
import type { Component } from '../access/workload.ts'
import { createLines } from './lines.ts'

/** One decision as it is logged. Nothing in it may be a credential or the digest of one. */
export type LoggedCheck = {
  /** When the check arrived, in milliseconds since the epoch. */
  readonly time: number
  readonly requestId: string | undefined
  readonly namespace: string | undefined
  readonly name: string | undefined
  readonly component: Component | undefined
  readonly position: Position | undefined
  readonly method: string
  /** With or without its query, which is left out. */
  readonly path: string
  readonly decision: 'allow' | 'deny'
  /** Empty on allow. */
  readonly reason: DenyReason | ''
  readonly credentialKind: CredentialKind | 'none'
  /** `reference` of the caller. */
  readonly credential: string | undefined
  readonly latencyUs: number
  /** What would be decided if all that is only tried were enforced; absent: nothing is. */
  readonly shadowDecision?: 'allow' | 'deny' | 'unknown'
  readonly shadowReason?: DenyReason | ''
}

type Options = {
  readonly decisions: 'all' | 'denied' | 'off'
  /** Called for each line that is lost. */
  readonly dropped: () => void
  readonly stream?: Writable
}

export type DecisionLog = {
  readonly log: (check: LoggedCheck) => void
  /** Writes what waits, unless its reader is too slow. */
  readonly close: () => Promise<void>
}

const BATCH_BYTES = 4_096

/** Writes one line of JSON for each decision to stdout. Requests never wait for its reader. */
export function createDecisionLog({
  decisions,
  dropped,
  stream = process.stdout,
}: Options): DecisionLog {
  if (decisions === 'off') return { log: () => {}, close: async () => {} }
  const lines = createLines({ stream, batchBytes: BATCH_BYTES, dropped })
  return {
    log: (check: LoggedCheck) => {
      if (decisions === 'all' || isDenied(check)) lines.write(lineOf(check))
    },
    close: lines.close,
  }
}

const isDenied = ({ decision, shadowDecision }: LoggedCheck): boolean =>
  decision === 'deny' || shadowDecision === 'deny'

// In characters.
const MAX_REQUEST_ID = 128
const MAX_METHOD = 32
const MAX_PATH = 1_024
const MAX_CREDENTIAL = 512

const lineOf = (check: LoggedCheck): string =>
  `${JSON.stringify({
    time: new Date(check.time).toISOString(),
    requestId: (check.requestId ?? '').slice(0, MAX_REQUEST_ID).replace(/[^\x20-\x7e]/g, '?'),
    namespace: check.namespace ?? '',
    name: check.name ?? '',
    component: check.component ?? '',
    position: check.position ?? '',
    method: check.method.slice(0, MAX_METHOD),
    path: pathOf(check.path).slice(0, MAX_PATH),
    decision: check.decision,
    reason: check.reason,
    credentialKind: check.credentialKind,
    credential: (check.credential ?? '').slice(0, MAX_CREDENTIAL),
    latencyUs: Math.round(check.latencyUs),
    shadowDecision: check.shadowDecision,
    shadowReason: check.shadowReason,
  })}\n`
