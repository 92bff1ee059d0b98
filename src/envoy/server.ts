import { Server, ServerCredentials } from '@grpc/grpc-js'
import { HealthImplementation } from 'grpc-health-check'
import type { Position } from '../access/request.ts'
import { createArrivals } from './arrivals.ts'
import { BOUNDS, type Bounds, type GrpcShed } from './bounds.ts'
import { type CheckParts, createCheckHandler } from './check-handler.ts'
import { createConnections } from './connections.ts'
import { listen } from './listen.ts'
import { authorizationService } from './protocol.ts'
import { createRefuse } from './refuse.ts'

export type Listener = {
  readonly position: Position
  /** `host:port`; port 0 takes any free one. */
  readonly address: string
}

export type EnvoyServer = {
  readonly position: Position
  readonly port: number
  /** What the health service says of `""` and of the Authorization service. */
  readonly setServing: (serving: boolean) => void
  /** What it holds at the moment. */
  readonly held: () => Held
  /** Lets the calls in flight finish, then ends what is left after `graceMs`. */
  readonly close: (graceMs: number) => Promise<void>
}

type Held = { readonly connections: number; readonly streams: number; readonly bytes: number }

const HEALTH_NAMES = ['', 'envoy.service.auth.v3.Authorization']

/** What grpc-js itself sees to. */
const optionsOf = ({ requestBytes, streamsPerConnection }: Bounds) => ({
  'grpc.max_receive_message_length': requestBytes,
  'grpc.max_concurrent_streams': streamsPerConnection,
  // Proxies keep a connection for ever: without an end, new replicas would stay idle.
  'grpc.max_connection_age_ms': 30 * 60 * 1_000,
  'grpc.max_connection_age_grace_ms': 10_000,
  'grpc.enable_channelz': 0,
})

type Guard = {
  readonly bounds?: Bounds
  /** Told of each connection and request that is turned away, and why. */
  readonly shed?: (cause: GrpcShed) => void
}

/** Serves ext_authz and gRPC health at one address. Rejects where the address cannot be had. */
export async function serveChecks(
  { position, address }: Listener,
  parts: CheckParts,
  credentials: ServerCredentials = ServerCredentials.createInsecure(),
  { bounds = BOUNDS, shed = () => {} }: Guard = {},
): Promise<EnvoyServer> {
  const connections = createConnections(bounds, shed)
  const refuse = createRefuse(position, parts)
  const arrivals = createArrivals({ bounds, connectionOf: connections.of, shed, refuse })
  const server = new Server({ ...optionsOf(bounds), interceptors: [arrivals.interceptor] })
  server.addService(authorizationService(), { Check: createCheckHandler(position, parts) })
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
      listening.close()
      injector.drain(graceMs)
      await within(graceMs, listening.closed)
      server.forceShutdown()
      arrivals.close()
      connections.close()
      await listening.closed
    },
  }
}

/** An open health Watch would keep the server for ever. */
function within(limitMs: number, done: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, limitMs)
    void done.then(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}
