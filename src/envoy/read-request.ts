// Reads a CheckRequest into the terms of access/.

import type { Trust } from '../access/gateway-route.ts'
import { type AccessRequest, NO_PEER, type Peer, type Position } from '../access/request.ts'
import { canonicalAddress } from '../common/address.ts'
import { readAuthority } from '../common/host.ts'
import { LASTING_BYTES } from './bounds.ts'
import { isPlainConnection } from './connection-header.ts'
import { type LeanPeer, type LeanRequest, readLeanRequest } from './lean-request.ts'
import type {
  CheckRequest,
  HttpRequest,
  AttributePeer as PeerMessage,
  RawHeader,
} from './messages.ts'
import { decodeCheckRequest, UNREADABLE, type Unreadable } from './protocol.ts'
import { readRouteBinding } from './read-binding.ts'

/** A check as received: the request to decide, and what encoding and logging need. */
export type Incoming = {
  readonly position: Position
  /** `undefined`: not an HTTP request, or ambiguous. */
  readonly request: AccessRequest | undefined
  readonly method: string
  /** Includes the query, unchanged. */
  readonly path: string
  /** As sent. */
  readonly host: string
  readonly source: Peer
  readonly destination: Peer
  /** The client's or a proxy's; `''`: none. */
  readonly requestId: string
  readonly grpc: boolean
  /** The header names with an underscore, in lower case. */
  readonly underscored: readonly string[]
}

const notHttp = (position: Position, source = NO_PEER, destination = NO_PEER): Incoming => ({
  position,
  request: undefined,
  method: '',
  path: '',
  host: '',
  source,
  destination,
  requestId: '',
  grpc: false,
  underscored: [],
})

/** As Envoy tells gRPC: `application/grpc-web` is another protocol. */
const GRPC = /^application\/grpc(?:\+|$)/

const ROOTED = /^\/[\x21-\x7e]*$/
/** Longest path to read, with its query: Envoy's default limit for all headers. */
export const MAX_PATH_LENGTH = 65_536
const isRooted = (path: string): boolean => path.length <= MAX_PATH_LENGTH && ROOTED.test(path)
const METHOD = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/

/** The parts of a request, whichever way its bytes were read. */
type Parts = LeanRequest & { readonly binding: AccessRequest['binding'] }

type ReadFor = {
  readonly position: Position
  /** The address of the asking proxy. */
  readonly proxy?: (() => string) | undefined
  readonly trust?: Trust | undefined
}

/** Reads the bytes of a CheckRequest; they must stay as they are, unless they are long. Never throws. */
export function readCheck(bytes: Buffer, { position, proxy, trust = {} }: ReadFor): Incoming {
  const lean = bytes.length > LASTING_BYTES ? undefined : readLeanRequest(bytes)
  if (lean === undefined) return readCheckRequest(decodeCheckRequest(bytes), position, proxy, trust)
  const binding = position === 'gateway' ? readRouteBinding({}, trust) : undefined
  return incomingOf({ ...lean, binding }, position, proxy)
}

/** Reads a decoded CheckRequest, from `headers` or from `header_map`. Never throws. */
export function readCheckRequest(
  check: CheckRequest | Unreadable,
  position: Position,
  proxy?: () => string,
  trust: Trust = {},
): Incoming {
  if (check === UNREADABLE) return notHttp(position)
  const { attributes = {} } = check
  const http = attributes.request?.http
  const source = leanPeer(attributes.source)
  const destination = leanPeer(attributes.destination)
  if (http === undefined) return notHttp(position, readPeer(source), readPeer(destination))
  const { headers, pseudo, underscored } = readHeaders(http)
  const parts: Parts = {
    method: http.method ?? pseudo.get(':method') ?? '',
    path: http.path ?? pseudo.get(':path') ?? '',
    host: http.host ?? pseudo.get(':authority') ?? '',
    headers,
    underscored,
    source,
    destination,
    binding: position === 'gateway' ? readRouteBinding(attributes, trust) : undefined,
  }
  return incomingOf(parts, position, proxy)
}

function incomingOf(
  { method, path, host, headers, underscored, binding, ...peers }: Parts,
  position: Position,
  proxy: (() => string) | undefined,
): Incoming {
  const source = readPeer(peers.source)
  const destination = readPeer(peers.destination)
  const authority = readAuthority(host)
  const readable =
    authority !== undefined &&
    isRooted(path) &&
    METHOD.test(method) &&
    isPlainConnection(headers.get('connection'))
  return {
    position,
    request: readable
      ? {
          position,
          method,
          path,
          host: authority.host,
          absoluteHost: authority.absolute,
          hostPort: authority.port,
          headers,
          source,
          destination,
          binding,
          proxy,
        }
      : undefined,
    method,
    path,
    host,
    source,
    destination,
    requestId: headers.get('x-request-id') ?? '',
    grpc: GRPC.test(headers.get('content-type') ?? ''),
    underscored,
  }
}

const leanPeer = (peer: PeerMessage | undefined): LeanPeer => {
  const socket = peer?.address?.socket_address
  return { address: socket?.address, port: socket?.port_value, principal: peer?.principal }
}

const readPeer = ({ address, port, principal }: LeanPeer = NO_PEER): Peer => ({
  address: address === undefined ? undefined : canonicalAddress(address),
  port,
  principal: principal === '' ? undefined : principal,
})

type HeaderParts = {
  readonly headers: ReadonlyMap<string, string>
  readonly pseudo: ReadonlyMap<string, string>
  readonly underscored: readonly string[]
}

function readHeaders({ headers: merged, header_map: raw }: HttpRequest): HeaderParts {
  const headers = new Map<string, string>()
  const pseudo = new Map<string, string>()
  const underscored: string[] = []

  const add = (name: string, value: string) => {
    const key = UPPER_CASE.test(name) ? name.toLowerCase() : name
    const fields = key.startsWith(':') ? pseudo : headers
    const known = fields.get(key)
    fields.set(key, known === undefined ? value : `${known},${value}`)
    if (known === undefined && key.includes('_')) underscored.push(key)
  }

  const rawHeaders = raw?.headers ?? []
  if (rawHeaders.length > 0) for (const header of rawHeaders) add(header.key ?? '', textOf(header))
  else if (merged !== undefined) {
    for (const name of Object.keys(merged)) add(name, merged[name] ?? '')
  }
  return { headers, pseudo, underscored }
}

const UPPER_CASE = /[A-Z]/

/** One character per byte: nothing is lost, and bytes that are not ASCII stay recognizable. */
const textOf = ({ value, raw_value: raw }: RawHeader): string =>
  raw !== undefined && raw.length > 0 ? raw.toString('latin1') : (value ?? '')
