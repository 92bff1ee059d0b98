// The status codes of gRPC, as far as they are sent.

/** As gRPC's page "Status codes and their use in gRPC" defines them. */
export const status = {
  NOT_FOUND: 5,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const
