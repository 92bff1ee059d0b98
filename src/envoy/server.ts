// The gRPC server: authorization and health on one address.

import { setTimeout as pause } from 'node:timers/promises'
import { Server, ServerCredentials } from '@grpc/grpc-js'
import { HealthImplementation } from 'grpc-health-check'
import type { Trust } from '../access/gateway-route.ts'
import type { Position } from '../access/request.ts'
import { createAdmission } from './admission.ts'
import { createAnswering, unary } from './answering.ts'
import { BOUNDS, type Bounds, type GrpcShed } from './bounds.ts'
import { type CheckParts, createCheckHandler } from './check-handler.ts'
import { createConnections } from './connections.ts'
import { createDirectChecks } from './direct-checks.ts'
import { respond } from './grpc-response.ts'
import { listen } from './listen.ts'
import { authorizationService } from './protocol.ts'
import { createRefuse } from './refuse.ts'

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

/** The limits that grpc-js enforces itself. */
const optionsOf = ({ requestBytes, streamsPerConnection }: Bounds) => ({
  'grpc.max_receive_message_length': requestBytes,
  'grpc.max_concurrent_streams': streamsPerConnection,
  'grpc.enable_channelz': 0,
})

export type Guard = {
  readonly bounds?: Bounds
  /** Called for each refused connection and request, with the cause. */
  readonly shed?: (cause: GrpcShed) => void
  /** Called for each connection whose stream table could not be replaced. */
  readonly unpatched?: () => void
}

/** Serves ext_authz and gRPC health on one address. Rejects if the address is not available. */
export async function serveChecks(
  { position, address, ...trust }: Listener,
  parts: CheckParts,
  credentials: ServerCredentials = ServerCredentials.createInsecure(),
  { bounds = BOUNDS, shed = () => {}, unpatched }: Guard = {},
): Promise<EnvoyServer> {
  const connections = createConnections(bounds, shed, unpatched)
  const refuse = createRefuse(position, parts)
  const arrivals = createAdmission({ bounds, connectionOf: connections.of, shed, refuse })
  const authorization = authorizationService()
  const Check = createCheckHandler(position, parts, trust)
  const { path: checkPath } = authorization.Check
  const takeChecks = createDirectChecks(checkPath, (session) => {
    const admit = arrivals.admitOn(session, checkPath)
    return (stream, deadline) =>
      admit(stream, (request, { address }) => {
        const asked = { request, peerAddress: address, deadline }
        Check(asked, (_error, bytes) => respond(stream, bytes))
      })
  })
  const answering = createAnswering(checkPath, Check, takeChecks)
  const interceptors = [arrivals.interceptor, answering]
  const server = new Server({ ...optionsOf(bounds), interceptors })
  server.addService(authorization, { Check: unary(Check) })
  const health = new HealthImplementation()
  health.addToServer(server)
  const setServing = (serving: boolean) => {
    for (const name of HEALTH_NAMES) health.setStatus(name, serving ? 'SERVING' : 'NOT_SERVING')
  }
  setServing(false)

  const injector = server.createConnectionInjector(credentials)
  const listening = await listen(address, (socket) => {
    connections.admit(socket, () => injector.injectConnection(socket))
  })
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
      server.forceShutdown()
      arrivals.close()
      connections.close()
      await listening.closed
    },
  }
}

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
