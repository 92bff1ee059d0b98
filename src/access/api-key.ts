// The type of an API key, and whether it covers a service.

import type { ServiceKind, ServiceRef } from './service.ts'

/** An API key as its Secret declares it. Only its digest is kept, never the key. */
export type ApiKey = {
  readonly namespace: string
  /** The Secret's name. */
  readonly name: string
  /** SHA-256 of the key, lower-case hex. */
  readonly digest: string
  /** The services it opens; `undefined`: all of its namespace. */
  readonly services: readonly KeyScope[] | undefined
  /** Milliseconds since the epoch; `undefined`: never. */
  readonly expiresAt: number | undefined
  readonly user: string
  readonly groups: readonly string[]
  readonly labels: ReadonlyMap<string, string>
}

/** `kind` absent: a service of any kind. */
export type KeyScope = { readonly kind: ServiceKind | undefined; readonly name: string }

/** Whether a key covers a service; rules can only narrow that. */
export const opens = ({ namespace, services }: ApiKey, service: ServiceRef): boolean =>
  namespace === service.namespace &&
  (services === undefined ||
    services.some(
      ({ kind, name }) => name === service.name && (kind === undefined || kind === service.kind),
    ))
