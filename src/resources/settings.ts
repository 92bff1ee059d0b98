import type { Ingress } from './ingress.ts'

/** What the installation lets objects mean. */
export type ReadSettings = {
  /** Whether an InferenceService or InferenceGraph that says nothing is protected. */
  readonly protectByDefault: boolean
  readonly limits: {
    /** Whether an owner may open a service with `enable-auth: "false"`. */
    readonly optOut: boolean
  }
  readonly apiKeys: {
    /** A Secret with all of these labels is an API key. */
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> }
    /** The first of these that a Secret has holds its key; one that ends in `_sha256` its digest. */
    readonly dataNames: readonly string[]
  }
  /** Of KServe; absent: only its status says where a service answers. */
  readonly ingress?: Ingress | undefined
  /** SHA-256 in lower-case hex. */
  readonly sha256: (bytes: Uint8Array) => string
}
