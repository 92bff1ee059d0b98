import { KEYS, TOKENS } from '../issuers/credentials.ts'

type Class = {
  readonly status: number
  readonly grpcStatus: number
  readonly challenge?: string
  readonly retryAfter?: RegExp
}

const CHALLENGE = 'Bearer realm="kubernetes-user"'
const MISSING: Class = { status: 401, grpcStatus: 16, challenge: CHALLENGE }
const INVALID: Class = { ...MISSING, challenge: `${CHALLENGE}, error="invalid_token"` }
const FORBIDDEN: Class = { status: 403, grpcStatus: 7 }
const UNAVAILABLE: Class = { status: 503, grpcStatus: 14, retryAfter: /^[123]$/ }

/** A denied request. Omitted parts are valid. */
export type Asked = {
  readonly host?: string
  readonly path?: string
  readonly grpcPath?: string
  readonly headers?: Readonly<Record<string, string>>
  /** The name of one of `tokens`, in Authorization. */
  readonly token?: string
  readonly atSidecar?: boolean
}

const showing = (authorization: string): Asked => ({ headers: { authorization } })

/** Every reason that can occur with a folder of manifests. */
export const DENIALS: readonly (readonly [
  reason: string,
  phrase: string,
  as: Class,
  asked: Asked,
])[] = [
  ['missing-credential', 'credential not found', MISSING, {}],
  ['malformed-credential', 'credential is malformed', INVALID, showing('Basic YTpi')],
  [
    'ambiguous-credential',
    'more than one credential',
    INVALID,
    { headers: { authorization: `Bearer ${KEYS.alice}`, 'x-api-key': TOKENS.reader } },
  ],
  ['unknown-api-key', 'credential is not known', INVALID, showing('Bearer nobody-knows-this-key')],
  ['expired-api-key', 'API key has expired', INVALID, showing(`Bearer ${KEYS.lastYear}`)],
  ['invalid-token', 'no key of the issuer fits the token', INVALID, { token: 'forged' }],
  ['expired-token', 'token has expired', INVALID, { token: 'expired' }],
  ['wrong-audience', 'token is for another audience', INVALID, { token: 'for others' }],
  ['unknown-issuer', 'token is of an unknown issuer', INVALID, { token: 'of nobody' }],
  [
    'not-permitted',
    'not permitted to use this service',
    FORBIDDEN,
    showing(`Bearer ${TOKENS.stranger}`),
  ],
  ['not-permitted', 'not permitted to use this service', FORBIDDEN, { token: 'unbound' }],
  [
    'key-not-for-service',
    'API key is not for this service',
    FORBIDDEN,
    showing(`Bearer ${KEYS.otherService}`),
  ],
  ['unknown-target', 'no such service', FORBIDDEN, { host: 'nobody.example.com' }],
  [
    'conflicting-target',
    'request names more than one service',
    FORBIDDEN,
    { host: 'open-team.example.com', atSidecar: true },
  ],
  [
    'unsupported-request',
    'request is not supported',
    FORBIDDEN,
    { path: '/v1;x/status', grpcPath: '/inference.a;x/ModelInfer' },
  ],
  [
    'authentication-unavailable',
    'authentication is not available',
    UNAVAILABLE,
    { token: 'of the dead' },
  ],
]
