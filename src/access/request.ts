// The type of a request to decide.

import type { RouteBinding } from './gateway-route.ts'

/** The kind of proxy that asks: a workload's sidecar, or a gateway. */
export type Position = 'workload' | 'gateway'

/** Values by name. */
export type Headers = Pick<ReadonlyMap<string, string>, 'get' | 'has' | typeof Symbol.iterator>

/** The parts of an HTTP request that the decision depends on. */
export type AccessRequest = {
  /** Declared by the listener that was asked; never taken from the request. */
  readonly position: Position
  /** Verbatim, case-sensitive. */
  readonly method: string
  /** Begins with `/`, printable ASCII only, includes the query, otherwise unchanged. */
  readonly path: string
  /** In the form of `canonicalHost`. */
  readonly host: string
  /** Whether a dot follows the host, as in an absolute domain name. */
  readonly absoluteHost?: boolean
  /** The port after the host; absent: none. */
  readonly hostPort?: number | undefined
  /** Names in lower case; repeated ones joined by commas, as Envoy joins them. */
  readonly headers: Headers
  readonly source: Peer
  readonly destination: Peer
  /** The route that the gateway names; absent: it names none, or its listener ignores it. */
  readonly binding?: RouteBinding | 'missing' | 'unreadable' | undefined
  /** The address of the proxy that asks; absent: there is none. */
  readonly proxy?: (() => string) | undefined
}

/** One end of the connection, as the asking proxy saw it. */
export type Peer = {
  /** In the form of `canonicalAddress`; `undefined`: none, or not an IP address. */
  readonly address: string | undefined
  readonly port: number | undefined
  /** The identity in its certificate; `undefined` without mutual TLS. */
  readonly principal: string | undefined
}

/** An end of which nothing is known. */
export const NO_PEER: Peer = { address: undefined, port: undefined, principal: undefined }
