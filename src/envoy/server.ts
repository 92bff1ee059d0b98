import { Server, ServerCredentials } from '@grpc/grpc-js'
import { HealthImplementation } from 'grpc-health-check'
import type { Position } from '../access/request.ts'
import { type CheckParts, createCheckHandler } from './check-handler.ts'
import { authorizationService, MAX_REQUEST_BYTES } from './protocol.ts'

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
  /** Lets the calls in flight finish, then ends what is left after `graceMs`. */
  readonly close: (graceMs: number) => Promise<void>
}

const HEALTH_NAMES = ['', 'envoy.service.auth.v3.Authorization']

const OPTIONS = {
  // Longer requests reach our own length check, and with it a denial.
  'grpc.max_receive_message_length': 4 * MAX_REQUEST_BYTES,
  // Proxies keep a connection for ever: without an end, new replicas would stay idle.
  'grpc.max_connection_age_ms': 30 * 60 * 1_000,
  'grpc.max_connection_age_grace_ms': 10_000,
  'grpc.enable_channelz': 0,
}

/** Serves ext_authz and gRPC health at one address. Rejects where the address cannot be had. */
export async function serveChecks(
  { position, address }: Listener,
  parts: CheckParts,
  credentials: ServerCredentials = ServerCredentials.createInsecure(),
): Promise<EnvoyServer> {
  const server = new Server(OPTIONS)
  server.addService(authorizationService(), { Check: createCheckHandler(position, parts) })
  const health = new HealthImplementation()
  health.addToServer(server)
  const setServing = (serving: boolean) => {
    for (const name of HEALTH_NAMES) health.setStatus(name, serving ? 'SERVING' : 'NOT_SERVING')
  }
  setServing(false)

  const port = await bind(server, address, credentials)
  return {
    position,
    port,
    setServing,
    close: async (graceMs) => {
      setServing(false)
      server.drain(withPort(address, port), graceMs)
      await endWithin(server, graceMs)
    },
  }
}

function bind(server: Server, address: string, credentials: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) => {
      if (error === null) resolve(port)
      else reject(new Error(`cannot listen on ${address} for gRPC: it is in use or not ours`))
    })
  })
}

const withPort = (address: string, port: number): string =>
  `${address.slice(0, address.lastIndexOf(':'))}:${port}`

/** An open health Watch would keep the server for ever. */
function endWithin(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      server.forceShutdown()
      resolve()
    }, graceMs)
    server.tryShutdown(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}
