import type { Http2Session } from 'node:http2'
import type { Socket } from 'node:net'
import type { Reader } from './read-turns.ts'

/** What a listener knows of one of its connections. */
export type HeldConnection = {
  readonly socket: Socket
  /** Its address and port. */
  readonly peer: string
  readonly address: string
  /** Begins to read it: TLS and HTTP/2. */
  readonly open: () => void
  readonly end: () => void
  reader: Reader | undefined
  session: Http2Session | undefined
  streams: number
  refused: number
  /** Since when it has no request under way, as `performance.now()`. */
  idleSince: number
  /** When it is to be ended, as `performance.now()`; `undefined`: it is ended already. */
  endsAt: number | undefined
}
