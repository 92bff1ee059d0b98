// The type of an open connection.

import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import type { Member } from '../common/oldest-first.ts'
import type { ConnectionControl } from '../http2/stream.ts'
import type { Reader } from './reading-peer.ts'

/** The state of one connection of a listener. */
export interface HeldConnection extends Member<HeldConnection> {
  readonly socket: Socket
  readonly address: string
  /** Starts TLS and HTTP/2. */
  readonly open: () => void
  readonly end: () => void
  reader: Reader | undefined
  /** What HTTP/2 reads from: the socket, or TLS on it. */
  readable: Readable
  /** `undefined`: not opened yet, or the TLS handshake is not finished. */
  http2: ConnectionControl | undefined
  streams: number
  refused: number
  /** Since when it has no request in flight, as `performance.now()`. */
  idleSince: number
  /** When it reaches its maximum age, as `performance.now()`; `undefined`: it is being closed. */
  endsAt: number | undefined
}
