// The decision log: one line of JSON per decision.

import type { Writable } from 'node:stream'
import type { CredentialKind } from '../access/caller.ts'
import type { DenyReason } from '../access/decision.ts'
import type { Peer, Position } from '../access/request.ts'
import type { Component } from '../access/workload.ts'
import { pathOf } from '../common/path.ts'
import { MAX_REQUEST_ID } from '../common/request-id.ts'
import { createLineWriter, toAscii } from './line-writer.ts'
import { opening } from './standard-output.ts'

/** One logged decision. Must not contain a credential or its digest. */
export type LoggedCheck = {
  /** When the check arrived, in milliseconds since the epoch. */
  readonly time: number
  readonly requestId: string | undefined
  readonly namespace: string | undefined
  readonly name: string | undefined
  readonly component: Component | undefined
  readonly position: Position
  readonly method: string
  /** As sent. */
  readonly host: string
  /** With or without a query; the query is not logged. */
  readonly path: string
  /** The ends of the connection, as the proxy saw it. */
  readonly source: Peer
  readonly destination: Peer
  readonly decision: 'allow' | 'deny'
  /** Empty on allow. */
  readonly reason: DenyReason | ''
  readonly credentialKind: CredentialKind | 'none'
  /** The caller's `reference`. */
  readonly credential: string | undefined
  readonly latencyUs: number
  /** The check that a token failed; absent: the denial has another cause. */
  readonly detail?: string
  /** The policy, rule or permission that denied, or the component that was let pass; absent: nothing more is to say. */
  readonly decidedBy?: string
  /** The decision if everything in shadow were enforced; absent: nothing is in shadow. */
  readonly shadowDecision?: 'allow' | 'deny' | 'unknown'
  readonly shadowReason?: DenyReason | ''
}

type Options = {
  readonly decisions: 'all' | 'denied' | 'off'
  /** Called for each lost line. */
  readonly dropped: () => void
  /** Default: stdout. */
  readonly open?: () => Writable
}

export type DecisionLog = {
  readonly log: (check: LoggedCheck) => void
  /** Writes what is buffered, unless the reader is too slow. */
  readonly close: () => Promise<void>
}

const BATCH_BYTES = 16_384

/** Writes one line of JSON per decision to stdout. Requests never wait for its reader. */
export function createDecisionLog({
  decisions,
  dropped,
  open = opening(process.stdout),
}: Options): DecisionLog {
  if (decisions === 'off') return { log: () => {}, close: async () => {} }
  const lines = createLineWriter({ open, batchBytes: BATCH_BYTES, dropped })
  const timeOf = createClock()
  return {
    log: (check: LoggedCheck) => {
      if (decisions === 'all' || isDenied(check)) {
        lines.writeAscii(lineOf(check, timeOf(check.time)))
      }
    },
    close: lines.close,
  }
}

const isDenied = ({ decision, shadowDecision }: LoggedCheck): boolean =>
  decision === 'deny' || shadowDecision === 'deny'

// In characters.
export const MAX_METHOD = 32
export const MAX_LOGGED_HOST = 256
export const MAX_PATH = 1_024
export const MAX_PRINCIPAL = 256
export const MAX_CREDENTIAL = 512
export const MAX_DETAIL = 512
export const MAX_DECIDED_BY = 512

/**
 * Builds the JSON by hand, and escapes only values that others choose: half the time of JSON.stringify. Each
 * part ends with its value, because each join makes an object.
 */
const lineOf = (check: LoggedCheck, time: string): string =>
  `{"time":"${time}` +
  `","requestId":"${escaped((check.requestId ?? '').slice(0, MAX_REQUEST_ID).replace(NOT_PRINTABLE, '?'))}` +
  `","namespace":"${escaped(check.namespace ?? '')}` +
  `","name":"${escaped(check.name ?? '')}` +
  `","component":"${check.component ?? ''}` +
  `","position":"${check.position}` +
  `","method":"${escaped(check.method.slice(0, MAX_METHOD))}` +
  `","host":"${escaped(check.host.slice(0, MAX_LOGGED_HOST))}` +
  `","path":"${escaped(pathOf(check.path).slice(0, MAX_PATH))}` +
  `","source":"${addressOf(check.source)}` +
  `","principal":"${escaped((check.source.principal ?? '').slice(0, MAX_PRINCIPAL))}` +
  `","destination":"${addressOf(check.destination)}` +
  `","decision":"${check.decision}` +
  `","reason":"${check.reason}` +
  `","credentialKind":"${check.credentialKind}` +
  `","credential":"${escaped((check.credential ?? '').slice(0, MAX_CREDENTIAL))}` +
  `","latencyUs":${Math.round(check.latencyUs)}${detailOf(check)}${deciderOf(check)}${shadowOf(check)}}\n`

const detailOf = ({ detail }: LoggedCheck): string =>
  detail === undefined ? '' : `,"detail":"${escaped(detail.slice(0, MAX_DETAIL))}"`

const deciderOf = ({ decidedBy }: LoggedCheck): string =>
  decidedBy === undefined ? '' : `,"decidedBy":"${escaped(decidedBy.slice(0, MAX_DECIDED_BY))}"`

/** With its port; IPv6 in brackets. */
const addressOf = ({ address, port }: Peer): string =>
  address === undefined
    ? ''
    : `${address.includes(':') ? `[${address}]` : address}${port === undefined ? '' : `:${port}`}`

/** The fields of a shadow decision; empty if there is none. */
const shadowOf = ({ shadowDecision, shadowReason }: LoggedCheck): string =>
  shadowDecision === undefined
    ? ''
    : `,"shadowDecision":"${shadowDecision}","shadowReason":"${shadowReason ?? ''}"`

const NOT_PRINTABLE = /[^\x20-\x7e]/g
// Text that needs no escape in JSON.
const PLAIN = /^[ !#-[\]-~]*$/

const escaped = (text: string): string =>
  PLAIN.test(text) ? text : toAscii(JSON.stringify(text)).slice(1, -1)

/** Formats times in ISO 8601; the part up to the second is cached. */
function createClock(): (time: number) => string {
  let second = Number.NaN
  let prefix = ''
  return (time) => {
    const milliseconds = Math.floor(time)
    const now = Math.floor(milliseconds / 1_000)
    if (now !== second) {
      second = now
      prefix = new Date(now * 1_000).toISOString().slice(0, -4)
    }
    return `${prefix}${String(milliseconds - now * 1_000).padStart(3, '0')}Z`
  }
}
