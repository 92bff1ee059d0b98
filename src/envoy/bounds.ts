/** What one listener takes in. */
export type Bounds = {
  /** Longest message, in bytes. */
  readonly requestBytes: number
  /** Connections in all, and of one peer address. */
  readonly connections: number
  readonly connectionsPerAddress: number
  /** Those that have not asked yet, in all and of one peer address; the others wait, and are not read. */
  readonly opening: number
  readonly openingPerAddress: number
  /** Requests under way in all, of one peer address, and of one connection. */
  readonly streams: number
  readonly streamsPerAddress: number
  readonly streamsPerConnection: number
  /** Of these, requests that are not whole yet. */
  readonly arriving: number
  readonly arrivingPerAddress: number
  /** Of health, which last as long as their client likes. */
  readonly watches: number
  /** Of requests under way, in all and of one peer address. */
  readonly bytes: number
  readonly bytesPerAddress: number
  /** Longest wait for a connection's first request, in milliseconds: it may be silent, or never finish TLS. */
  readonly firstRequestMs: number
  /** Longest time that a connection is kept without a request under way, in milliseconds. */
  readonly idleMs: number
  /** Longest time that a connection is kept, in milliseconds, a tenth more or less: new replicas would stay idle. */
  readonly ageMs: number
  /** Longest time from a request's headers to its end, in milliseconds. */
  readonly arrivalMs: number
  /** Longest time from a request's end until its answer is taken, in milliseconds. */
  readonly answerMs: number
}

const MIB = 1_048_576

/** The most that `grpc.maxRequestBytes` may be. */
export const MAX_REQUEST_BYTES = 16 * MIB

export const BOUNDS: Bounds = {
  requestBytes: MIB,
  // Each worker of an Envoy has a connection of its own.
  connections: 4_096,
  connectionsPerAddress: 256,
  opening: 64,
  openingPerAddress: 8,
  streams: 4_096,
  streamsPerAddress: 1_024,
  streamsPerConnection: 256,
  arriving: 1_024,
  arrivingPerAddress: 256,
  watches: 64,
  bytes: 16 * MIB,
  bytesPerAddress: 8 * MIB,
  firstRequestMs: 10_000,
  idleMs: 300_000,
  ageMs: 1_800_000,
  arrivalMs: 5_000,
  answerMs: 5_000,
}

/** Why a listener turned something away. */
export const GRPC_SHEDS = [
  'grpc-message-size',
  'grpc-message-compressed',
  'grpc-message-late',
  'grpc-answer-late',
  'grpc-streams',
  'grpc-memory',
  'grpc-watches',
  'grpc-connections',
  'grpc-connections-address',
  'grpc-connections-silent',
] as const
export type GrpcShed = (typeof GRPC_SHEDS)[number]
