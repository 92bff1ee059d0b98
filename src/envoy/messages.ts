// The types of Envoy's messages, as far as they are read or written.

/** The fields of envoy.service.auth.v3.CheckRequest that are read; any may be missing. */
export type CheckRequest = {
  readonly attributes?: {
    readonly source?: AttributePeer
    readonly destination?: AttributePeer
    readonly request?: { readonly http?: HttpRequest }
    /** Set by Envoy's configuration. */
    readonly context_extensions?: Readonly<Record<string, string>>
    /** About the route that Envoy selected; unvalidated. */
    readonly route_metadata_context?: {
      readonly filter_metadata?: Readonly<Record<string, unknown>>
    }
  }
}

export type AttributePeer = {
  readonly address?: {
    readonly socket_address?: { readonly address?: string; readonly port_value?: number }
  }
  readonly principal?: string
}

export type HttpRequest = {
  readonly id?: string
  readonly method?: string
  /** Names come from the client: use `Object.hasOwn`. */
  readonly headers?: Readonly<Record<string, string>>
  readonly header_map?: { readonly headers?: readonly RawHeader[] }
  /** Includes the query. */
  readonly path?: string
  readonly host?: string
  readonly scheme?: string
  readonly protocol?: string
}

export type RawHeader = {
  readonly key?: string
  readonly value?: string
  readonly raw_value?: Buffer
}

/** envoy.service.auth.v3.CheckResponse as written. Envoy allows on code 0 only. */
export type CheckResponse = Allowed | Denied

type Allowed = {
  readonly status: { readonly code: 0 }
  readonly ok_response: {
    readonly headers?: readonly HeaderOption[]
    readonly headers_to_remove?: readonly string[]
  }
  readonly dynamic_metadata?: Metadata
}

type Denied = {
  /** PERMISSION_DENIED, INTERNAL, UNAVAILABLE or UNAUTHENTICATED of gRPC. */
  readonly status: { readonly code: 7 | 13 | 14 | 16; readonly message?: string }
  readonly denied_response: {
    readonly status: { readonly code: 401 | 403 | 500 | 503 }
    readonly headers?: readonly HeaderOption[]
    readonly body?: string
  }
  readonly dynamic_metadata?: Metadata
}

export type HeaderOption = {
  readonly header: {
    readonly key: string
    readonly value?: string
    readonly raw_value?: Buffer
  }
  readonly append?: { readonly value: boolean }
  /** The enum HeaderValueOption.HeaderAppendAction. */
  readonly append_action?: 0 | 1 | 2 | 3
}

/** A google.protobuf.Struct of strings. */
type Metadata = {
  readonly fields: Readonly<Record<string, { readonly stringValue: string }>>
}

/** A decoded CheckResponse: fields with default values may be missing. */
export type DecodedCheckResponse = {
  readonly status?: { readonly code?: number; readonly message?: string }
  readonly denied_response?: {
    readonly status?: { readonly code?: number }
    readonly headers?: readonly HeaderOption[]
    readonly body?: string
  }
  readonly ok_response?: {
    readonly headers?: readonly HeaderOption[]
    readonly headers_to_remove?: readonly string[]
  }
  readonly dynamic_metadata?: Metadata
}
