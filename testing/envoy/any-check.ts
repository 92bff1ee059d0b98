import fc from 'fast-check'
import type { CheckRequest } from '../../src/envoy/messages.ts'
import { encodeCheckRequest } from '../../src/envoy/protocol.ts'

type Http = NonNullable<NonNullable<CheckRequest['attributes']>['request']>['http']

const HOSTS = [
  'sk-team.example.com',
  'bare-team.example.com',
  'open-team.example.com',
  'flow-team.example.com',
  'SK-Team.Example.Com.:0080',
  'bare.team.svc',
]
const ODD_HOSTS = ['nobody.example.com', 'open.team', 'a,b', '', '[::1]:80']
const PATHS = [
  '/',
  '/healthz',
  '/healthz?x',
  '/metrics',
  '/v1/models/sk:predict',
  '/v1/chat/completions',
  '/v1/messages',
  '/v2/models/sk/infer',
  '/team/chat/v1/messages',
  '/publishers/team/models/chat/v1/completions',
  '/inference.GRPCInferenceService/ModelInfer',
]
const ODD_PATHS = ['/readyz', '/a/../healthz', '/v1;x/models', '/team/chat', '/%2f', 'no-slash', '']
const NAMES = [
  'authorization',
  'Authorization',
  'x-api-key',
  'api-key',
  'cookie',
  'x-auth-request-user',
  'x_auth_request_user',
  'x-auth-request_groups',
  'X_EMAIL',
  'content-type',
  'origin',
  'access-control-request-method',
  'x-gateway-model-name',
  'x-request-id',
  'x-forwarded-host',
  '__proto__',
  'constructor',
  ':path',
  ':authority',
]
const VALUES = [
  '',
  'true',
  'application/grpc',
  'publishers/team/models/chat',
  'POST',
  'Basic YTpi',
  'https://ui.example.com',
  'open-team.example.com',
  '/healthz',
  'caf\u00e9',
  'a,b',
]
const ADDRESSES = ['127.0.0.1', '127.0.0.11', '127.0.0.12', '::ffff:127.0.0.13', 'here', '']
const PRINCIPALS = ['sk-predictor', 'default', 'reader'].map(
  (name) => `spiffe://cluster.local/ns/team/sa/${name}`,
)

type Header = readonly [name: string, value: string]

/** The secret as a credential of each kind. */
const shown = (secret: string): readonly Header[] => [
  ['authorization', `Bearer ${secret}`],
  ['Authorization', `bearer  ${secret}`],
  ['x-api-key', secret],
  ['api-key', secret],
  ['cookie', `theme=dark; session=${secret}; lang=en`],
]

/** Usually one of the first, rarely one of the others or any text. */
const mostly = (known: readonly string[], odd: readonly string[] = known) =>
  fc.oneof(
    { arbitrary: fc.constantFrom(...known), weight: 16 },
    { arbitrary: fc.constantFrom(...odd), weight: 2 },
    { arbitrary: fc.string({ maxLength: 12 }), weight: 1 },
  )

/** The bytes of any check of the services of `TEAM`; most contain one of these secrets. */
export function anyCheck(secrets: readonly string[]): fc.Arbitrary<Buffer> {
  const credential = fc.constantFrom(...secrets.flatMap(shown))
  const noise = fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes))
  const check = fc
    .record({ source: aPeer(), destination: aPeer(), request: fc.record({ http: aRequest() }) })
    .map((attributes) => encodeCheckRequest({ attributes }))
  return fc.oneof({ arbitrary: check, weight: 30 }, { arbitrary: noise, weight: 1 })

  function aRequest(): fc.Arbitrary<NonNullable<Http>> {
    const secretInQuery = fc.constantFrom(...secrets).map((secret) => `/v1/models?key=${secret}`)
    return fc.record({
      method: mostly(['GET', 'HEAD', 'POST', 'OPTIONS'], ['get', '']),
      path: fc.oneof({ arbitrary: mostly(PATHS, ODD_PATHS), weight: 4 }, secretInQuery),
      host: mostly(HOSTS, ODD_HOSTS),
      headers: someHeaders().map((headers) => Object.fromEntries(headers)),
      header_map: fc.option(someHeaders().map(raw), { nil: {}, freq: 2 }),
    })
  }

  function someHeaders(): fc.Arbitrary<readonly Header[]> {
    const other = fc.tuple(
      mostly(NAMES),
      fc.oneof(
        mostly(VALUES),
        credential.map(([, text]) => text),
      ),
    )
    const others = fc.oneof(fc.constant([]), fc.array(other, { maxLength: 3 }))
    const first = fc.option(
      credential.map((header) => [header]),
      { nil: [], freq: 9 },
    )
    return fc.tuple(first, others).map(([one, more]) => [...one, ...more])
  }
}

const raw = (headers: readonly Header[]) => ({
  headers: headers.map(([key, text]) => ({ key, raw_value: Buffer.from(text, 'latin1') })),
})

const aPeer = () =>
  fc.record({
    address: fc.record({
      socket_address: fc.record({
        address: fc.constantFrom(...ADDRESSES),
        port_value: fc.constantFrom(80, 8_012, 9_091),
      }),
    }),
    principal: mostly([''], PRINCIPALS),
  })
