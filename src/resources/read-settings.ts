// The settings that the meaning of objects depends on.

import type { GatewayName } from '../access/asking.ts'
import type { ServiceKind } from '../access/service.ts'
import type { Ingress } from './ingress.ts'
import type { LlmConfig } from './llm-config.ts'

/** A configured proxy: by its addresses, or by the namespace and labels of its pods. */
export type DeclaredProxy = {
  readonly addresses?: readonly string[] | undefined
  readonly namespace?: string | undefined
  readonly podLabels?: Readonly<Record<string, string>> | undefined
  readonly gateways: readonly GatewayName[]
}

/** The settings of the installation that the meaning of objects depends on. */
export type ReadSettings = {
  /** Whether an InferenceService or InferenceGraph without an annotation is protected. */
  readonly protectByDefault: boolean
  readonly ownersMay: {
    /** Whether an owner may open a service with `enable-auth: "false"`. */
    readonly optOut: boolean
    /** Whether a policy may admit callers without a credential. */
    readonly anonymous: boolean
    /** Whether policies and services may be in shadow. */
    readonly shadow: boolean
    /** Whether a policy may exclude paths. */
    readonly exclusions: boolean
  }
  /** The headers for credentials and identity: policies cannot set them. */
  readonly ownHeaders: readonly string[]
  /** The names of the installation's JWT providers. */
  readonly providers: readonly string[]
  readonly apiKeys: {
    /** A Secret with all of these labels is an API key. */
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> }
    /** The first of these in a Secret is its key; one that ends in `_sha256` is the key's digest. */
    readonly dataNames: readonly string[]
  }
  readonly kubernetes?: { readonly kserveNamespace: string } | undefined
  /** KServe's; absent: addresses come from statuses only. */
  readonly ingress?: Ingress | undefined
  /** KServe's default deployment mode. */
  readonly defaultDeploymentMode?: string | undefined
  /** Finds the LLMInferenceServiceConfig that an LLMInferenceService of a namespace names. */
  readonly llmConfig?: ((namespace: string, name: string) => LlmConfig | undefined) | undefined
  /** The configured gateways. */
  readonly gateways?:
    | {
        readonly hosts: readonly DeclaredHost[]
        readonly proxies?: readonly DeclaredProxy[]
        /** The namespaces in which pods may name gateways of other namespaces. */
        readonly controllerNamespaces?: readonly string[]
      }
    | undefined
  /** SHA-256 in lower-case hex. */
  readonly sha256: (bytes: Uint8Array) => string
}

/** A configured host, or a path on it, and its service. */
export type DeclaredHost = {
  readonly host: string
  /** `/` for the whole host. */
  readonly path: string
  readonly kind: ServiceKind
  readonly namespace: string
  readonly name: string
  /** The gateways with this route; absent: not known. */
  readonly gateways?: readonly GatewayName[]
}
