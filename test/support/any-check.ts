import fc from 'fast-check'
import { type CheckRequest, encodeCheckRequest } from '../../src/envoy/protocol.ts'

type Http = NonNullable<NonNullable<CheckRequest['attributes']>['request']>['http']

const HOSTS = [
  ...['sk', 'bare', 'open', 'flow'].map((name) => `${name}-team.example.com`),
  'SK-Team.Example.Com.:0080',
  'open.team.svc',
  'flow.team',
  'nobody.example.com',
  'a,b',
  '',
  '[::1]:80',
]
const PATHS = [
  '/',
  '/healthz',
  '/healthz?x',
  '/metrics',
  '/readyz',
  '/a/../healthz',
  '/v1;x/models',
  '/v1/models/sk:predict',
  '/v1/chat/completions',
  '/v1/messages',
  '/v2/models/sk/infer',
  '/team/chat/v1/messages',
  '/team/chat',
  '/publishers/team/models/chat/v1/completions',
  '/inference.GRPCInferenceService/ModelInfer',
  '/%2f',
  'no-slash',
  '',
]
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

/** As a credential of each kind of place. */
const shownAs = (secret: string) => [
  secret,
  `Bearer ${secret}`,
  `bearer  ${secret}`,
  `session=${secret}; theme=dark`,
  `theme=dark; session=${secret}`,
]

/** Mostly one of these, else anything. */
const mostly = (...known: readonly string[]) =>
  fc.oneof({ arbitrary: fc.constantFrom(...known), weight: 9 }, fc.string({ maxLength: 12 }))

/** The bytes of any check of the services of `TEAM`; what it shows is often one of these secrets. */
export function anyCheck(secrets: readonly string[]): fc.Arbitrary<Buffer> {
  const good = fc.constantFrom(...secrets.flatMap(shownAs))
  const value = fc.oneof({ arbitrary: good, weight: 2 }, mostly(...VALUES))
  const header = fc.tuple(mostly(...NAMES), value)
  const peer = fc.record({
    address: fc.option(
      fc.record({
        socket_address: fc.record({
          address: fc.constantFrom(...ADDRESSES),
          port_value: fc.constantFrom(80, 8_012, 9_091),
        }),
      }),
      { nil: {} },
    ),
    principal: fc.constantFrom('', ...PRINCIPALS),
  })
  const path = fc.oneof(
    mostly(...PATHS),
    good.map((secret) => `/v1/models?key=${secret}`),
  )
  const http: fc.Arbitrary<NonNullable<Http>> = fc.record({
    method: fc.constantFrom('GET', 'HEAD', 'POST', 'OPTIONS', 'get', ''),
    path,
    host: mostly(...HOSTS),
    headers: fc.array(header, { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
    header_map: fc.record({
      headers: fc.oneof(
        fc.constant([]),
        fc.array(
          header.map(([key, text]) => ({ key, raw_value: Buffer.from(text, 'latin1') })),
          { maxLength: 4 },
        ),
      ),
    }),
  })
  const check = fc
    .record({ source: peer, destination: peer, request: fc.record({ http }) })
    .map((attributes) => encodeCheckRequest({ attributes }))
  const noise = fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes))
  return fc.oneof({ arbitrary: check, weight: 30 }, { arbitrary: noise, weight: 1 })
}
