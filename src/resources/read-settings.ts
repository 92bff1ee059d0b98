import type { GatewayName } from '../access/asking.ts'
import type { ServiceKind } from '../access/service.ts'
import type { Ingress } from './ingress.ts'
import type { LlmConfig } from './llm-config.ts'

/** A proxy that the installation names by its addresses, or by namespace and labels of its pods. */
export type DeclaredProxy = {
  readonly addresses?: readonly string[] | undefined
  readonly namespace?: string | undefined
  readonly podLabels?: Readonly<Record<string, string>> | undefined
  readonly gateways: readonly GatewayName[]
}

/** What the installation lets objects mean. */
export type ReadSettings = {
  /** Whether an InferenceService or InferenceGraph that says nothing is protected. */
  readonly protectByDefault: boolean
  readonly ownersMay: {
    /** Whether an owner may open a service with `enable-auth: "false"`. */
    readonly optOut: boolean
    /** Whether a policy may let in callers without any credential. */
    readonly anonymous: boolean
    /** Whether policies may be tried without being enforced. */
    readonly shadow: boolean
    /** Whether a policy may exclude paths. */
    readonly exclusions: boolean
  }
  /** By which the installation takes credentials or tells who calls: no policy sets them. */
  readonly ownHeaders: readonly string[]
  /** The names of the installation's JWT providers. */
  readonly providers: readonly string[]
  readonly apiKeys: {
    /** A Secret with all of these labels is an API key. */
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> }
    /** The first of these that a Secret has holds its key; one that ends in `_sha256` its digest. */
    readonly dataNames: readonly string[]
  }
  readonly kubernetes?: { readonly kserveNamespace: string } | undefined
  /** Of KServe; absent: only its status says where a service answers. */
  readonly ingress?: Ingress | undefined
  /** Of KServe: how it runs a service that does not say. */
  readonly defaultDeploymentMode?: string | undefined
  /** The LLMInferenceServiceConfig that an LLMInferenceService of a namespace names. */
  readonly llmConfig?: ((namespace: string, name: string) => LlmConfig | undefined) | undefined
  /** Where the installation says that services answer at gateways. */
  readonly gateways?:
    | {
        readonly hosts: readonly DeclaredHost[]
        readonly proxies?: readonly DeclaredProxy[]
        /** In which pods may name gateways of other namespaces. */
        readonly controllerNamespaces?: readonly string[]
      }
    | undefined
  /** SHA-256 in lower-case hex. */
  readonly sha256: (bytes: Uint8Array) => string
}

/** A host, or a path on it, that the installation says leads to a service. */
export type DeclaredHost = {
  readonly host: string
  /** `/` for the whole host. */
  readonly path: string
  readonly kind: ServiceKind
  readonly namespace: string
  readonly name: string
  /** Those that have it, and route it there; absent: not known. */
  readonly gateways?: readonly GatewayName[]
}
