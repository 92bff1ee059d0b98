import type { Http2Session } from 'node:http2'
import type { Socket } from 'node:net'
import type { Bounds, GrpcShed } from './bounds.ts'
import { createShares } from './shares.ts'

/** A connection with requests under way, or none. */
export type Connection = {
  readonly address: string
  /** A request of it began, or ended. */
  readonly began: () => void
  readonly ended: () => void
  /** One was refused: a connection of many is closed once what is under way is answered. */
  readonly refused: () => void
}

type Held = {
  readonly socket: Socket
  readonly address: string
  session: Http2Session | undefined
  streams: number
  refused: number
  /** Since when it has no request under way, as `performance.now()`. */
  idleSince: number
}

type Limits = Pick<Bounds, 'connections' | 'connectionsPerAddress' | 'firstRequestMs' | 'idleMs'>

/** Requests of a connection that are refused before it is closed: a proxy opens another one. */
export const MAX_REFUSALS = 16

const LOOK_MS = 500
/** What an idle connection is given between GOAWAY and its end: a request may be on its way. */
const LEAVE_MS = 1_000

/** Keeps count of the connections of one listener, and ends those of which nobody makes use. */
export function createConnections(limits: Limits, shed: (cause: GrpcShed) => void) {
  const shares = createShares({ all: limits.connections, each: limits.connectionsPerAddress })
  const bySession = new WeakMap<Http2Session, Connection>()
  /** By peer address and port. */
  const byPeer = new Map<string, Held>()
  /** Those that were never asked anything, and those that have nothing under way: the first for longest. */
  const silent = new Set<Held>()
  const idle = new Set<Held>()

  const release = (held: Held) => {
    if (!byPeer.delete(peerOf(held.socket, held.address))) return
    silent.delete(held)
    idle.delete(held)
    shares.give(held.address, 1)
  }

  /** `false`: it is too much, and is ended. */
  const admit = (socket: Socket): boolean => {
    const address = socket.remoteAddress
    // It has gone already.
    if (address === undefined) return refuse(socket)
    if (shares.taken() >= limits.connections - 1) endFirstIdle()
    if (!shares.take(address, 1)) {
      shed(
        shares.taken() * 2 < limits.connections ? 'grpc-connections-address' : 'grpc-connections',
      )
      return refuse(socket)
    }
    const held: Held = {
      socket,
      address,
      session: undefined,
      streams: 0,
      refused: 0,
      idleSince: performance.now(),
    }
    byPeer.set(peerOf(socket, address), held)
    silent.add(held)
    socket.once('close', () => release(held))
    return true
  }

  /** Room for a new one, at the cost of whoever has not asked for longest. */
  const endFirstIdle = () => {
    const [held] = idle
    if (held === undefined) return
    shed('grpc-connections')
    release(held)
    held.session?.destroy()
    held.socket.destroy()
  }

  /** `undefined`: it was not admitted here. */
  const of = (session: Http2Session): Connection | undefined => {
    const known = bySession.get(session)
    if (known !== undefined) return known
    const { remoteAddress, remotePort } = session.socket
    const held = byPeer.get(`${remoteAddress} ${remotePort}`)
    if (held === undefined) return undefined
    held.session = session
    const connection = connectionOf(held)
    bySession.set(session, connection)
    return connection
  }

  const connectionOf = (held: Held): Connection => ({
    address: held.address,
    began: () => {
      if (held.streams === 0) {
        silent.delete(held)
        idle.delete(held)
      }
      held.streams += 1
    },
    ended: () => {
      held.streams -= 1
      if (held.streams > 0 || held.socket.destroyed) return
      held.idleSince = performance.now()
      idle.add(held)
    },
    refused: () => {
      held.refused += 1
      if (held.refused === MAX_REFUSALS) held.session?.close()
    },
  })

  const look = () => {
    const now = performance.now()
    for (const held of silent) {
      if (now - held.idleSince < limits.firstRequestMs) break
      shed('grpc-connections-silent')
      release(held)
      held.socket.destroy()
    }
    for (const held of idle) {
      if (now - held.idleSince < limits.idleMs) break
      idle.delete(held)
      leave(held)
    }
  }
  const timer = setInterval(look, LOOK_MS).unref()

  return {
    admit,
    of,
    count: shares.taken,
    /** Ends what is left. */
    close: () => {
      clearInterval(timer)
      for (const { socket } of byPeer.values()) socket.destroy()
    },
  }
}

const peerOf = ({ remotePort }: Socket, address: string): string => `${address} ${remotePort}`

function refuse(socket: Socket): false {
  socket.on('error', () => {})
  socket.destroy()
  return false
}

/** The peer learns of it before, and what it has sent until then is answered. */
function leave({ session, socket }: Held) {
  if (session === undefined || session.destroyed || session.closed) {
    socket.destroy()
    return
  }
  session.goaway(NO_ERROR, LAST_STREAM)
  setTimeout(() => {
    if (!session.destroyed) session.close()
  }, LEAVE_MS).unref()
}

const NO_ERROR = 0
const LAST_STREAM = 2 ** 31 - 1
