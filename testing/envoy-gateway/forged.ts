import { listAt, textAt } from '../json.ts'
import type { Random } from '../routes/random.ts'
import { spelledHost, spelledPath } from '../routes/spellings.ts'
import type { Sent } from '../routes/wire.ts'

const ENABLE_AUTH = 'security.opendatahub.io/enable-auth'
const PATHS = [
  '/v1/chat/completions',
  '/v1/models/m:predict',
  '/v2/models/m/infer',
  '/healthz',
  '/',
]

/** Whether a service of KServe is open to everybody, as its annotation says. */
export function isOpen(service: unknown): boolean {
  const said =
    textAt(service, 'metadata', 'annotations', ENABLE_AUTH) ||
    textAt(service, 'metadata', 'labels', ENABLE_AUTH)
  return textAt(service, 'kind') === 'LLMInferenceService' ? said === 'false' : said !== 'true'
}

/** Requests without a credential that mix what belongs to different routes, each part spelled anyhow. */
export function forgedRequest(routes: readonly object[], random: Random): Sent {
  const hosts = routes.flatMap((route) => listAt(route, 'spec', 'hostnames').map(String))
  const matches = routes.flatMap((route) =>
    listAt(route, 'spec', 'rules').flatMap((rule) => listAt(rule, 'matches')),
  )
  const paths = matches
    .filter((match) => textAt(match, 'path', 'type') !== 'RegularExpression')
    .map((match) => textAt(match, 'path', 'value') || '/')
  const models = matches.flatMap((match) =>
    listAt(match, 'headers').map(
      (header) => [textAt(header, 'name'), textAt(header, 'value')] as const,
    ),
  )
  const host = random.pick([...hosts, '203.0.113.51', 'nobody.example.net']) ?? ''
  const aimed = random.pick(paths) ?? '/'
  const path = random.chance(0.3)
    ? (random.pick(PATHS) ?? '/')
    : random.chance(0.5) && aimed !== '/'
      ? `${aimed}${random.pick(PATHS)}`
      : aimed
  const model = random.chance(0.5) ? random.pick(models) : undefined
  const other = random.chance(0.2) ? random.pick(models) : undefined
  return {
    method: random.pick(['POST', 'GET', 'PUT', 'OPTIONS']),
    target: random.chance(0.6) ? spelledPath(path, random) : path,
    headers: [
      ['Host', random.chance(0.5) ? spelledHost(host, random) : host],
      ...[model, other].flatMap((header) => (header === undefined ? [] : [header])),
    ],
  }
}
