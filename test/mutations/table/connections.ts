import { mutations } from '../mutation.ts'

const INFINITE = 'Number.POSITIVE_INFINITY'
const PORT = 'envoy/port'
const SHARES = {
  streams: 'createShares({ all: bounds.streams, each: bounds.streamsPerAddress })',
  arriving: 'createShares({ all: bounds.arriving, each: bounds.arrivingPerAddress })',
  bytes: 'createShares({ all: bounds.bytes, each: bounds.bytesPerAddress })',
  connections: 'createShares({ all: limits.connections, each: limits.connectionsPerAddress })',
}
const without = (shares: string, name: 'all' | 'each') =>
  shares.replace(new RegExp(`${name}: [\\w.]+`), `${name}: ${INFINITE}`)

export const CONNECTIONS = mutations([
  [
    'health watches',
    'envoy/admission.ts',
    "if (watches >= bounds.watches) return turnAway(arrival, 'grpc-watches')",
    '',
    PORT,
  ],
  [
    'connections',
    'envoy/connections.ts',
    SHARES.connections,
    without(SHARES.connections, 'all'),
    PORT,
  ],
  [
    'connections of one peer',
    'envoy/connections.ts',
    SHARES.connections,
    without(SHARES.connections, 'each'),
    PORT,
  ],
  [
    'src/envoy/shares.ts KEPT_KEYS',
    'envoy/shares.ts',
    'own > 0 || held.size <= KEPT_KEYS',
    'true',
    'envoy/shares',
  ],
  [
    'connections without a request',
    'envoy/openings.ts',
    'return begun.size < opening || (own === 0 && endOne())',
    'return true',
    'envoy/openings',
  ],
  [
    'connections without a request of one peer',
    'envoy/openings.ts',
    'if (own >= openingPerAddress || rests(address)) return false',
    'if (rests(address)) return false',
    'envoy/openings',
  ],
  [
    'connections opened in one turn',
    'envoy/openings.ts',
    'count < OPENED_PER_TURN',
    `count < ${INFINITE}`,
    'envoy/openings',
  ],
  [
    'src/envoy/openings.ts CROWDED_MS',
    'envoy/openings.ts',
    'performance.now() - (since ?? 0) >= CROWDED_MS',
    'false',
    'envoy/openings',
  ],
  [
    'time for a frame, or for the headers of a request',
    'http2/connection.ts',
    'performance.now() - keptSince >= limitMs',
    'false',
    PORT,
  ],
  [
    'time to the first request',
    'envoy/connections.ts',
    'if (now - held.idleSince < limits.firstRequestMs) break',
    'break',
    PORT,
  ],
  [
    'time without a request',
    'envoy/connections.ts',
    'if (now - held.idleSince < limits.idleMs) break',
    'break',
    PORT,
  ],
  [
    'age of a connection, plus or minus 10 %',
    'envoy/connections.ts',
    'limits.ageMs * (0.9',
    `${INFINITE} * (0.9`,
    PORT,
  ],
])
