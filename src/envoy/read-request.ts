// Reads a CheckRequest into the terms of access/.

import type { Trust } from '../access/gateway-route.ts'
import type { AccessRequest, Peer, Position } from '../access/request.ts'
import { canonicalAddress } from '../common/address.ts'
import { readAuthority } from '../common/host.ts'
import { isPlainConnection } from './connection-header.ts'
import type {
  CheckRequest,
  HttpRequest,
  AttributePeer as PeerMessage,
  RawHeader,
} from './messages.ts'
import { UNREADABLE, type Unreadable } from './protocol.ts'
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

const NO_PEER: Peer = { address: undefined, port: undefined, principal: undefined }

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

/** Reads a CheckRequest from `headers` or from `header_map`. Never throws. */
export function readCheckRequest(
  check: CheckRequest | Unreadable,
  position: Position,
  proxy?: () => string,
  trust: Trust = {},
): Incoming {
  if (check === UNREADABLE) return notHttp(position)
  const { attributes = {} } = check
  const http = attributes.request?.http
  const source = readPeer(attributes.source)
  const destination = readPeer(attributes.destination)
  if (http === undefined) return notHttp(position, source, destination)

  const { headers, pseudo, underscored } = readHeaders(http)
  const method = http.method ?? pseudo.get(':method') ?? ''
  const path = http.path ?? pseudo.get(':path') ?? ''
  const host = http.host ?? pseudo.get(':authority') ?? ''
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
          binding: position === 'gateway' ? readRouteBinding(attributes, trust) : undefined,
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

function readPeer(peer: PeerMessage | undefined): Peer {
  const socket = peer?.address?.socket_address
  return {
    address: socket?.address === undefined ? undefined : canonicalAddress(socket.address),
    port: socket?.port_value,
    principal: peer?.principal === '' ? undefined : peer?.principal,
  }
}

type Headers = {
  readonly headers: ReadonlyMap<string, string>
  readonly pseudo: ReadonlyMap<string, string>
  readonly underscored: readonly string[]
}

function readHeaders({ headers: merged, header_map: raw }: HttpRequest): Headers {
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
