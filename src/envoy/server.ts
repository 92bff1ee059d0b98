// The gRPC server: authorization and health on one address.

import { setTimeout as pause } from 'node:timers/promises'
import type { Trust } from '../access/gateway-route.ts'
import type { Position } from '../access/request.ts'
import { serveHttp2 } from '../http2/connection.ts'
import { createAdmission } from './admission.ts'
import type { Method } from './arrival.ts'
import { BOUNDS, type Bounds, type GrpcShed } from './bounds.ts'
import { type CheckParts, createCheckHandler } from './check-handler.ts'
import { createConnections } from './connections.ts'
import { respond } from './grpc-response.ts'
import { createHealth } from './health.ts'
import { listen } from './listen.ts'
import { createFindMethod } from './methods.ts'
import { CHECK_PATH, type CheckHandler } from './protocol.ts'
import { createRefuse } from './refuse.ts'
import type { Secure } from './tls.ts'

export type Listener = Trust & {
  readonly position: Position
  /** `host:port`; port 0 takes any free one. */
  readonly address: string
}

export type EnvoyServer = {
  readonly position: Position
  readonly port: number
  /** Sets the health status of `""` and of the Authorization service. */
  readonly setServing: (serving: boolean) => void
  /** Current connections, requests and bytes. */
  readonly held: () => Held
  /** Sends proxies elsewhere and lets calls in flight finish, then closes the rest after `graceMs`. */
  readonly close: (graceMs: number) => Promise<void>
}

/** A proxy that learns of other endpoints leaves by itself; one that does not yet may open further connections. */
const LINGER_MS = 500

type Held = { readonly connections: number; readonly streams: number; readonly bytes: number }

const HEALTH_NAMES = ['', 'envoy.service.auth.v3.Authorization']

export type Guard = {
  readonly bounds?: Bounds
  /** Called for each refused connection and request, with the cause. */
  readonly shed?: (cause: GrpcShed) => void
}

/** Serves ext_authz and gRPC health on one address. Rejects if the address is not available. */
export async function serveChecks(
  { position, address, ...trust }: Listener,
  parts: CheckParts,
  secure: Secure = (socket, secured) => secured(socket),
  { bounds = BOUNDS, shed = () => {} }: Guard = {},
): Promise<EnvoyServer> {
  const health = createHealth(HEALTH_NAMES)
  const setServing = (serving: boolean) => health.set(serving ? 'SERVING' : 'NOT_SERVING')
  const find = createFindMethod([
    checkMethod(createCheckHandler(position, parts, trust), bounds),
    ...health.methods,
  ])
  const refuse = createRefuse(position, parts)
  const arrivals = createAdmission({ bounds, find, shed, refuse })
  const connections = createConnections(bounds, {
    shed,
    secure,
    serve: (socket, connection) =>
      serveHttp2(socket, bounds.streamsPerConnection, arrivals.handlersOf(connection)),
  })
  const listening = await listen(address, connections.admit)
  return {
    position,
    port: listening.port,
    setServing,
    held: () => ({ connections: connections.count(), ...arrivals.held() }),
    close: async (graceMs) => {
      setServing(false)
      const lingerMs = connections.count() === 0 ? 0 : Math.min(LINGER_MS, graceMs / 2)
      await pause(lingerMs)
      listening.close()
      connections.leave()
      await within(graceMs - lingerMs, listening.closed)
      arrivals.close()
      connections.close()
      await listening.closed
    },
  }
}

const checkMethod = (handle: CheckHandler, { requestBytes }: Bounds): Method => ({
  path: CHECK_PATH,
  maxBytes: requestBytes,
  isWatch: false,
  answer: (request, arrival) => {
    const { address: peerAddress, deadline } = arrival
    handle({ request, peerAddress, deadline }, (_error, bytes) => respond(arrival, bytes))
  },
})

/** An open health Watch would keep the server open forever. */
function within(limitMs: number, done: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, limitMs)
    void done.then(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}
