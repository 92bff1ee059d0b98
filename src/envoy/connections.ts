// Admits connections, and closes unused and old ones.

import type { Socket } from 'node:net'
import { firstOf } from '../common/first-of.ts'
import { createOldestFirst, NOT_QUEUED } from '../common/oldest-first.ts'
import type { ConnectionControl } from '../http2/stream.ts'
import type { Bounds, GrpcShed } from './bounds.ts'
import type { HeldConnection } from './held-connection.ts'
import { leave } from './leave.ts'
import { createOpenings } from './openings.ts'
import { createReadTurns, workOf } from './read-turns.ts'
import { createRests } from './rests.ts'
import { createShares } from './shares.ts'
import { readsOf, turnReadsOf } from './socket-reads.ts'
import { createSweep } from './sweep.ts'

/** A connection, as admission sees it. */
export type Connection = {
  readonly address: string
  /** A request started, or ended. */
  readonly began: () => void
  readonly ended: () => void
  /** A request was refused. After many, the connection is closed once its requests in flight are answered. */
  readonly refused: () => void
}

/** Refused requests after which a connection is closed; a proxy then opens another one. */
export const MAX_REFUSALS = 16

type Serve = (socket: Socket, connection: Connection) => ConnectionControl

type Parts = {
  readonly shed: (cause: GrpcShed) => void
  /** Calls back with the socket to serve HTTP/2 on, maybe after a TLS handshake. */
  readonly secure: (socket: Socket, secured: (socket: Socket) => void) => void
  readonly serve: Serve
}

/** Counts the connections of one listener, and closes unused ones. */
export function createConnections(limits: Bounds, { shed, secure, serve }: Parts) {
  const shares = createShares({ all: limits.connections, each: limits.connectionsPerAddress })
  const rests = createRests()
  const openings = createOpenings(limits, rests.rests)
  const turns = createReadTurns(rests)
  const all = new Set<HeldConnection>()
  /** Connections without any request yet, and connections without one in flight: oldest first. */
  const silent = new Set<HeldConnection>()
  const idle = createOldestFirst<HeldConnection>()

  const release = (held: HeldConnection) => {
    if (!all.delete(held)) return
    silent.delete(held)
    idle.delete(held)
    openings.settled(held)
    if (held.reader !== undefined) turns.remove(held.reader)
    shares.give(held.address, 1)
  }

  /** Opens a connection in its turn, or closes it if a limit is reached. */
  const admit = (socket: Socket) => {
    const address = socket.remoteAddress
    const reads = readsOf(socket)
    // It is closed already.
    if (address === undefined || reads === undefined) return refuse(socket)
    if (shares.taken() >= limits.connections - 1 && shares.of(address) === 0) makeRoom()
    if (!shares.take(address, 1)) {
      const few = shares.taken() * 2 < limits.connections
      shed(few ? 'grpc-connections-address' : 'grpc-connections')
      return refuse(socket)
    }
    const held: HeldConnection = {
      socket,
      address,
      open: () => {
        secure(socket, (secured) => {
          if (!all.has(held)) return
          held.readable = secured
          secured.on('data', (bytes: Buffer) => spend(held, workOf(bytes.length)))
          held.http2 = serve(secured, connectionOf(held))
        })
        // TLS starts reading in the next tick, and fails if reading has started before.
        process.nextTick(() => {
          if (all.has(held)) held.reader = turns.add(address, turnReadsOf(held, reads))
        })
      },
      end: () => endSilent(held),
      reader: undefined,
      readable: socket,
      http2: undefined,
      streams: 0,
      ...NOT_QUEUED,
      refused: 0,
      idleSince: performance.now(),
      endsAt: performance.now() + limits.ageMs * (0.9 + Math.random() / 5),
    }
    all.add(held)
    silent.add(held)
    // It has no other error handler before it is opened.
    socket.on('error', () => {})
    socket.once('close', () => release(held))
    openings.add(held)
  }

  const endSilent = (held: HeldConnection) => {
    shed('grpc-connections-silent')
    release(held)
    held.socket.destroy()
  }

  /**
   * Closes one connection for a new address: a silent one of an address with several, otherwise the one idle
   * for longest.
   */
  const makeRoom = () => {
    const held =
      firstOf(silent, ({ address }) => shares.of(address) > 1) ??
      idle.first() ??
      firstOf(silent, () => true)
    if (held === undefined) return
    shed('grpc-connections')
    release(held)
    held.socket.destroy()
  }

  const connectionOf = (held: HeldConnection): Connection => ({
    address: held.address,
    began: () => {
      if (held.streams === 0) {
        silent.delete(held)
        idle.delete(held)
        openings.settled(held)
      }
      held.streams += 1
      rests.asked(held.address)
      spend(held, 1)
    },
    ended: () => {
      held.streams -= 1
      if (held.streams > 0 || held.socket.destroyed) return
      held.idleSince = performance.now()
      idle.add(held)
    },
    refused: () => {
      held.refused += 1
      rests.refused(held.address)
      if (held.refused === MAX_REFUSALS) leave(held)
      if (held.refused === 2 * MAX_REFUSALS) held.http2?.close()
    },
  })

  const spend = ({ reader }: HeldConnection, work: number) => {
    if (reader !== undefined) turns.spend(reader, work)
  }

  function* endOverdue() {
    const now = performance.now()
    for (const held of silent) {
      if (now - held.idleSince < limits.firstRequestMs) break
      endSilent(held)
      yield
    }
    for (let held = idle.first(); held !== undefined; held = idle.first()) {
      if (now - held.idleSince < limits.idleMs) break
      idle.delete(held)
      leave(held)
      yield
    }
    for (const held of all) {
      held.http2?.endStuck(limits.firstRequestMs)
      if (now < (held.endsAt ?? Number.POSITIVE_INFINITY)) continue
      leave(held)
      yield
    }
  }
  const sweep = createSweep(endOverdue)

  return {
    admit,
    count: shares.taken,
    /** Sends GOAWAY on every connection that has had a request. */
    leave: () => {
      for (const held of all) leave(held)
    },
    /** Closes all connections. */
    close: () => {
      sweep.close()
      openings.close()
      turns.close()
      for (const { socket } of all) socket.destroy()
    },
  }
}

function refuse(socket: Socket) {
  socket.on('error', () => {})
  socket.destroy()
}
