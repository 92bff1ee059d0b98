// Reads an ordinary CheckRequest without decoding all of it.

import type { Headers } from '../access/request.ts'
import { MAX_REQUEST_BYTES } from './bounds.ts'
import { headersAt, type Names, readHeader } from './lean-headers.ts'
import { isOdd, LENGTH_DELIMITED, next, VARINT, type Walk, walkOver } from './wire.ts'

/** One end of the connection; `undefined`: not given. */
export type LeanPeer = {
  readonly address: string | undefined
  readonly port: number | undefined
  readonly principal: string | undefined
}

type LeanHttp = {
  readonly method: string
  readonly path: string
  readonly host: string
  readonly headers: Headers
  readonly underscored: readonly string[]
}

/** The parts of a request that are read. */
export type LeanRequest = LeanHttp & {
  readonly source: LeanPeer | undefined
  readonly destination: LeanPeer | undefined
}

/** The fields of each message in `proto/`, as bits. All others are skipped. */
const bits = (...fields: readonly number[]) => fields.reduce((sum, field) => sum | (1 << field), 0)
const CHECK = bits(1)
const ATTRIBUTES = bits(1, 2, 4, 10, 13)
const REQUEST = bits(2)
const HTTP = bits(1, 2, 3, 4, 5, 6, 10, 13)
const PEER = bits(1, 4)
const ADDRESS = bits(1)
const SOCKET_ADDRESS = bits(2, 3)
/** The only one that is a number. */
const PORT = 3

/**
 * Reads a request in the form in which Envoy writes it. `undefined`: it is in another form, or has parts that
 * are not read here, so it has to be decoded. A test compares the results with those of the decoder.
 */
export function readLeanRequest(bytes: Buffer): LeanRequest | undefined {
  if (bytes.length > MAX_REQUEST_BYTES) return undefined
  const walk = walkOver(bytes)
  let read: LeanRequest | undefined
  while (seek(walk, bytes.length, CHECK)) {
    if (read !== undefined) isOdd(walk)
    else read = readAttributes(walk)
  }
  return walk.odd ? undefined : read
}

function readAttributes(walk: Walk): LeanRequest | undefined {
  const end = enter(walk)
  let http: LeanHttp | undefined
  let source: LeanPeer | undefined
  let destination: LeanPeer | undefined
  while (seek(walk, end, ATTRIBUTES)) {
    if (walk.field === 1 && source === undefined) source = readPeer(walk)
    else if (walk.field === 2 && destination === undefined) destination = readPeer(walk)
    else if (walk.field === 4 && http === undefined) http = readRequest(walk)
    // Context extensions, or metadata of the route.
    else if (walk.field !== 13 || walk.from < walk.to) isOdd(walk)
  }
  return http === undefined ? undefined : { ...http, source, destination }
}

function readRequest(walk: Walk): LeanHttp | undefined {
  const end = enter(walk)
  let http: LeanHttp | undefined
  while (seek(walk, end, REQUEST)) {
    if (http !== undefined) isOdd(walk)
    else http = readHttp(walk)
  }
  if (http === undefined) isOdd(walk)
  return http
}

function readHttp(walk: Walk): LeanHttp | undefined {
  const end = enter(walk)
  const names: Names = []
  const underscored: string[] = []
  let method: string | undefined
  let path: string | undefined
  let host: string | undefined
  while (seek(walk, end, HTTP)) {
    if (walk.field === 3) readHeader(walk, names, underscored)
    else if (walk.field === 2 && method === undefined) method = textOf(walk)
    else if (walk.field === 4 && path === undefined) path = textOf(walk)
    else if (walk.field === 5 && host === undefined) host = textOf(walk)
    else if (IS_READ[walk.field]) isOdd(walk)
  }
  // Otherwise they are among the headers.
  if (method === undefined || path === undefined || host === undefined) return void isOdd(walk)
  return { method, path, host, headers: headersAt(walk.bytes, names), underscored }
}

/** Those that must not be there twice, and the map of raw headers. */
const IS_READ: Readonly<Record<number, boolean>> = { 2: true, 4: true, 5: true, 13: true }

function readPeer(walk: Walk): LeanPeer {
  const end = enter(walk)
  let socket: Pick<LeanPeer, 'address' | 'port'> | undefined
  let principal: string | undefined
  while (seek(walk, end, PEER)) {
    if (walk.field === 1 && socket === undefined) socket = readAddress(walk)
    else if (walk.field === 4 && principal === undefined) principal = textOf(walk)
    else isOdd(walk)
  }
  return { address: socket?.address, port: socket?.port, principal }
}

function readAddress(walk: Walk): Pick<LeanPeer, 'address' | 'port'> {
  const end = enter(walk)
  let address: string | undefined
  let port: number | undefined
  let sockets = 0
  while (seek(walk, end, ADDRESS)) {
    sockets += 1
    const inner = enter(walk)
    while (seek(walk, inner, SOCKET_ADDRESS)) {
      if (walk.field === PORT && port === undefined) port = walk.value
      else if (walk.field === 2 && address === undefined) address = textOf(walk)
      else isOdd(walk)
    }
  }
  if (sockets > 1 || (port ?? 0) < 0) isOdd(walk)
  return { address, port }
}

/** Steps into the message that a walk is at; returns its end. */
function enter(walk: Walk): number {
  walk.at = walk.from
  return walk.to
}

/** Moves to the next declared field. One of another type is odd. */
function seek(walk: Walk, end: number, declared: number): boolean {
  while (next(walk, end)) {
    if (((declared >>> walk.field) & 1) === 0) continue
    const isNumber = declared === SOCKET_ADDRESS && walk.field === PORT
    return walk.wire === (isNumber ? VARINT : LENGTH_DELIMITED) || isOdd(walk)
  }
  return false
}

const textOf = ({ bytes, from, to }: Walk): string => bytes.toString('utf8', from, to)
