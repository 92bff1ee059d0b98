// Opens the gRPC ports of the configuration.

import type { Config } from '../config/read-config.ts'
import { BOUNDS, type Bounds } from '../envoy/bounds.ts'
import type { CheckParts } from '../envoy/check-handler.ts'
import { type EnvoyServer, type Guard, serveChecks } from '../envoy/server.ts'
import type { TlsIdentity } from '../envoy/tls.ts'

/** Answers checks at every listener. Rejects if one cannot be opened. */
export function openListeners(
  { grpc }: Config,
  parts: CheckParts,
  tls: TlsIdentity | undefined,
  guard: Omit<Guard, 'bounds'>,
): Promise<readonly EnvoyServer[]> {
  const bounds: Bounds = {
    ...BOUNDS,
    requestBytes: grpc.maxRequestBytes,
    // The longest request must fit: a peer gets at most half of the free memory.
    bytes: Math.max(BOUNDS.bytes, 2 * grpc.maxRequestBytes),
    bytesPerAddress: Math.max(BOUNDS.bytesPerAddress, grpc.maxRequestBytes),
    connections: grpc.maxConnections,
    connectionsPerAddress: grpc.maxConnectionsPerAddress,
  }
  return Promise.all(
    grpc.listeners.map((listener) =>
      serveChecks(listener, parts, tls?.secure, { bounds, ...guard }),
    ),
  )
}
