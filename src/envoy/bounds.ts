// The limits of a listener, and the causes of refused work.

/** The limits of one listener. */
export type Bounds = {
  /** Longest message, in bytes. */
  readonly requestBytes: number
  /** Connections, in total and per peer address. */
  readonly connections: number
  readonly connectionsPerAddress: number
  /** Connections without a request yet, in total and per peer address. Others wait and are not read. */
  readonly opening: number
  readonly openingPerAddress: number
  /** Requests in flight: in total, per peer address and per connection. */
  readonly streams: number
  readonly streamsPerAddress: number
  readonly streamsPerConnection: number
  /** Of these, incomplete requests. */
  readonly arriving: number
  readonly arrivingPerAddress: number
  /** Health watches, which stay open as long as the client wants. */
  readonly watches: number
  /** Of requests in flight, in total and per peer address. */
  readonly bytes: number
  readonly bytesPerAddress: number
  /**
   * Longest wait for a connection's first request, in milliseconds, including the TLS handshake, and for the rest of a
   * frame or a header block.
   */
  readonly firstRequestMs: number
  /** Longest time without a request in flight, in milliseconds. */
  readonly idleMs: number
  /** Longest age of a connection, in milliseconds, plus or minus a tenth. Otherwise new replicas would stay idle. */
  readonly ageMs: number
  /** Longest time from a request's headers to its end, in milliseconds. */
  readonly arrivalMs: number
  /** Longest time from a request's end until its answer is read, in milliseconds. */
  readonly answerMs: number
}

const MIB = 1_048_576

/** The maximum of `grpc.maxRequestBytes`. */
export const MAX_REQUEST_BYTES = 16 * MIB

/** The longest message whose bytes may be used later. Those of a longer one are used again. */
export const LASTING_BYTES = 131_072

export const BOUNDS: Bounds = {
  requestBytes: MIB,
  // Each worker thread of an Envoy has its own connection.
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

/** Why a listener refused a request or connection. */
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
  'grpc-connections-faulty',
] as const
export type GrpcShed = (typeof GRPC_SHEDS)[number]
