// The world of the oracle of routes. Of this folder only judge.ts and run.ts import src/.

export type Service = {
  readonly kind: 'InferenceService' | 'LLMInferenceService'
  readonly namespace: string
  readonly name: string
  readonly open: boolean
}

type Match = {
  readonly path?: { readonly type?: string; readonly value: string }
  readonly method?: string
  readonly headers?: readonly {
    readonly type?: string
    readonly name: string
    readonly value: string
  }[]
  readonly queryParams?: readonly { readonly name: string; readonly value: string }[]
}

export type BackendRef = {
  readonly group?: string
  readonly kind?: string
  readonly namespace?: string
  readonly name: string
  readonly weight?: number
}

export type Rule = {
  readonly name?: string
  readonly matches?: readonly Match[]
  readonly filters?: readonly (object & {
    readonly requestMirror?: { readonly backendRef: BackendRef }
  })[]
  readonly backendRefs: readonly BackendRef[]
}

export type HttpRoute = {
  readonly apiVersion: string
  readonly kind: 'HTTPRoute'
  readonly metadata: {
    readonly namespace: string
    readonly name: string
    readonly ownerReferences?: readonly object[]
  }
  readonly spec: { readonly hostnames?: readonly string[]; readonly rules: readonly Rule[] }
}

export type Asked = {
  readonly host: string
  readonly method: string
  /** Includes the query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** The namespace of the key in the request; `undefined`: there is none. */
  readonly caller: string | undefined
}

export type { Match }
