import { request } from 'node:http'

/** A request to the quickstart's models, and its promised status. */
export type Promised = {
  readonly says: string
  readonly status: number
  readonly host: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** If absent, a GET; else a POST. */
  readonly body?: string
  /** The URL of the token in `headers`; a command fetches a fresh token there. */
  readonly tokenUrl?: string
}

const predict = (model: string, headers: Promised['headers'] = {}) => ({
  host: `${model}-demo.example.com`,
  path: `/v1/models/${model}:predict`,
  headers,
  body: '{"instances": [[1, 2]]}',
})

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

const PROMISED: readonly Promised[] = [
  { says: 'the open model needs no credential', status: 200, ...predict('iris') },
  { says: 'the protected model needs a credential', status: 401, ...predict('fraud') },
  {
    says: 'a ServiceAccount with a Role that may get the service',
    status: 200,
    ...predict('fraud', bearer('demo-token-of-reader-not-a-secret')),
  },
  {
    says: 'a ServiceAccount without a Role',
    status: 403,
    ...predict('fraud', bearer('demo-token-of-stranger-not-a-secret')),
  },
  {
    says: 'an API key of the service',
    status: 200,
    ...predict('fraud', { 'x-api-key': 'demo-key-of-fraud-not-a-secret' }),
  },
  {
    says: 'an expired API key',
    status: 401,
    ...predict('fraud', { 'x-api-key': 'demo-key-of-last-year-not-a-secret' }),
  },
  {
    says: 'health checks need no credential',
    status: 200,
    host: 'fraud-demo.example.com',
    path: '/healthz',
    headers: {},
  },
]

/** All requests, including those with a token of the issuer on this machine. */
export const promisedBy = (issuer: Issuer): readonly Promised[] => [
  ...PROMISED,
  {
    says: 'a JWT of an identity provider with a group that may get the service',
    status: 200,
    ...withTokenOf('ada', issuer),
  },
  { says: 'a JWT without that group', status: 403, ...withTokenOf('bob', issuer) },
]

type Issuer = { readonly url: string; readonly tokenOf: (person: string) => string | undefined }

const withTokenOf = (person: string, { url, tokenOf }: Issuer) => ({
  ...predict('fraud', bearer(tokenOf(person) ?? '')),
  tokenUrl: `${url}/tokens/${person}`,
})

/** A loopback address of Envoy. */
export type ProxyAddress = { readonly address: string; readonly port: number }

/** The request as a command to paste into a POSIX shell. */
export function curlOf(promised: Promised, { address, port }: ProxyAddress): string {
  const { host, path, headers, body, tokenUrl } = promised
  const lines = Object.entries({ host, ...headers })
    .filter(([name]) => tokenUrl === undefined || name !== 'authorization')
    .map(([name, value]) => `${name}: ${value}`)
  return [
    'curl -i',
    ...lines.map((line) => `-H ${quoted(line)}`),
    ...(tokenUrl === undefined ? [] : [`-H "authorization: Bearer $(curl -s ${tokenUrl})"`]),
    ...(body === undefined ? [] : [`-d ${quoted(body)}`]),
    `http://${address}:${port}${path}`,
  ].join(' ')
}

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`

const PATIENCE_MS = 5_000

/** `status` 0: no answer; `reason` has the error. */
type Got = { readonly status: number; readonly reason: string | undefined }

/** Sends the request. Returns the status, and the reason of a denial. */
export const send = (
  { host, path, headers, body }: Promised,
  { address, port }: ProxyAddress,
  signal: AbortSignal,
): Promise<Got> =>
  new Promise((resolve) => {
    const sent = request({
      host: address,
      port,
      path,
      method: body === undefined ? 'GET' : 'POST',
      headers: { host, ...headers },
      agent: false,
      signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]),
    })
    sent.once('error', ({ message }) => resolve({ status: 0, reason: message }))
    sent.once('response', (response) => {
      response.resume()
      const reason = response.headersDistinct['x-ext-auth-reason']?.join(', ')
      resolve({ status: response.statusCode ?? 0, reason })
    })
    sent.end(body)
  })

/** The same request for a gRPC client, to ask the service without a proxy. */
export function grpcurlOf({ host, path, headers, body }: Promised, address: string): string {
  const method = body === undefined ? 'GET' : 'POST'
  const check = { attributes: { request: { http: { method, host, path, headers } } } }
  return [
    'grpcurl -plaintext -import-path proto -proto envoy/service/auth/v3/external_auth.proto',
    `-d ${quoted(JSON.stringify(check))}`,
    `${address} envoy.service.auth.v3.Authorization/Check`,
  ].join(' ')
}
