import { globSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { JWT_LENGTH, MAX_CREDENTIAL_LENGTH } from '../src/access/credential.ts'
import { MAX_SUBPROTOCOLS } from '../src/access/subprotocols.ts'
import { ALLOWANCES } from '../src/app/cluster-identity.ts'
import { VERIFICATIONS } from '../src/app/verifications.ts'
import { DEADLINE_MS } from '../src/cli/serve.ts'
import { MAX_COOKIE_LENGTH, MAX_COOKIES } from '../src/common/cookies.ts'
import { readConfig } from '../src/config/read-config.ts'
import { MAX_REFUSED } from '../src/envoy/admission.ts'
import { FREE_BYTES } from '../src/envoy/arrival.ts'
import { BOUNDS, GRPC_SHEDS } from '../src/envoy/bounds.ts'
import { MAX_REFUSALS } from '../src/envoy/connections.ts'
import { MAX_FIELDS } from '../src/envoy/field-count.ts'
import { OPENED_PER_TURN } from '../src/envoy/openings.ts'
import { MAX_PATH_LENGTH } from '../src/envoy/read-request.ts'
import { LIGHT_WORK, TURN_WORK, WORK_BYTES } from '../src/envoy/read-turns.ts'
import type { Allowances } from '../src/kubernetes/reviews/rate-limits.ts'
import { REVIEW_LIMITS } from '../src/kubernetes/reviews/review-client.ts'
import { UNSIGNED } from '../src/kubernetes/reviews/token-review.ts'
import { BURST, MAX_EVENTS_WAITING as MAX_EVENTS } from '../src/kubernetes/status/events.ts'
import { FOLDER_LIMITS } from '../src/manifests/folder.ts'
import { HTTP_LIMITS, SCRAPE_MS, SILENCE_MS } from '../src/observability/http.ts'
import { MAX_LINES_WAITING as MAX_LINES_BYTES } from '../src/observability/line-writer.ts'
import { IN_FLIGHT } from '../src/tokens/caching-verifier.ts'
import { FETCH_LIMITS } from '../src/tokens/fetch-jwks.ts'
import { FOLDER } from '../testing/bounds/folder.ts'
import { LOG } from '../testing/bounds/log.ts'
import { OBJECTS } from '../testing/bounds/objects.ts'
import { POLICIES } from '../testing/bounds/policies.ts'
import { PROVIDERS } from '../testing/bounds/providers.ts'
import { SERVICES } from '../testing/bounds/services.ts'
import { type Bounds, bytes, count, seconds } from '../testing/bounds/texts.ts'
import { TOKENS } from '../testing/bounds/tokens.ts'
import { rowsUnder } from '../testing/markdown.ts'

const page = readFileSync(new URL('../docs/operations.md', import.meta.url), 'utf8')

const namesIn = (cell = '') => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)

const BOUND_COLUMNS = [
  'bound',
  'value',
  'per',
  'beyond it',
  '`cause` in `kserve_authz_shed_total`',
  'change it with',
]

const suchReviews = ({ burst, perSecond }: Allowances['inAll']) => ({
  [`such TokenReviews at once, then ${perSecond} a second`]: count(burst),
})

/** The bounds in the code, in the order of the page. */
const VALUES: Bounds = {
  'length of a check': bytes(BOUNDS.requestBytes),
  'compressed checks': count(0),
  'fields of a check': count(MAX_FIELDS),
  'time for a check to arrive': seconds(BOUNDS.arrivalMs),
  'time for an answer': seconds(DEADLINE_MS),
  'time for an answer to be read': seconds(BOUNDS.answerMs),
  'requests in flight': count(BOUNDS.streams),
  'requests in flight of one peer': count(BOUNDS.streamsPerAddress),
  'requests in flight of one connection': count(BOUNDS.streamsPerConnection),
  'incomplete requests': count(BOUNDS.arriving),
  'incomplete requests of one peer': count(BOUNDS.arrivingPerAddress),
  'refused requests whose answer is not read': count(MAX_REFUSED),
  'refused requests of one connection': count(MAX_REFUSALS),
  'bytes of a request that are not counted below': bytes(FREE_BYTES),
  'bytes of requests in flight': bytes(BOUNDS.bytes),
  'bytes of requests in flight of one peer': bytes(BOUNDS.bytesPerAddress),
  'bytes of a request that count as one more request': bytes(WORK_BYTES),
  'requests in one turn': count(TURN_WORK),
  'requests in one turn of one peer': count(LIGHT_WORK),
  'health watches': count(BOUNDS.watches),
  connections: count(BOUNDS.connections),
  'connections of one peer': count(BOUNDS.connectionsPerAddress),
  'connections without a request': count(BOUNDS.opening),
  'connections without a request of one peer': count(BOUNDS.openingPerAddress),
  'connections opened in one turn': count(OPENED_PER_TURN),
  'time to the first request': seconds(BOUNDS.firstRequestMs),
  'time without a request': seconds(BOUNDS.idleMs),
  'age of a connection, plus or minus 10 %': seconds(BOUNDS.ageMs),
  'length of an API key, or of an opaque token': bytes(MAX_CREDENTIAL_LENGTH),
  'length of a JWT': bytes(JWT_LENGTH),
  'subprotocols of a WebSocket': count(MAX_SUBPROTOCOLS),
  'length of the Cookie header': bytes(MAX_COOKIE_LENGTH),
  cookies: count(MAX_COOKIES),
  'length of the path and query': bytes(MAX_PATH_LENGTH),
  'signatures verified at a time': count(VERIFICATIONS.running),
  'signatures that wait': count(VERIFICATIONS.waiting),
  'signatures that wait for one service': count(VERIFICATIONS.waitingPerKey),
  'JWTs that wait for keys or their turn': count(IN_FLIGHT.inAll),
  'JWTs of one namespace that wait for keys or their turn': count(IN_FLIGHT.perTenant),
  'TokenReviews at a time': count(REVIEW_LIMITS.running),
  'TokenReviews that wait': count(REVIEW_LIMITS.waiting),
  'TokenReviews that wait for one service': count(REVIEW_LIMITS.waitingPerKey),
  'TokenReviews at a time of tokens that the cluster may not have signed': count(UNSIGNED.running),
  ...suchReviews(ALLOWANCES.perService),
  ...suchReviews(ALLOWANCES.perTenant),
  ...suchReviews(ALLOWANCES.perProxy),
  ...suchReviews(ALLOWANCES.inAll),
  'wait of any of these': `${Math.max(VERIFICATIONS.patienceMs, REVIEW_LIMITS.patienceMs)} ms`,
  'renderings of `/metrics`': seconds(SCRAPE_MS),
  'silence on the HTTP port': seconds(SILENCE_MS),
  'time for the headers of a request on the HTTP port': seconds(HTTP_LIMITS.headersTimeout),
  'time for a request on the HTTP port': seconds(HTTP_LIMITS.requestTimeout),
  'length of the headers of a request on the HTTP port': bytes(HTTP_LIMITS.maxHeaderSize),
  'decision log that waits for its reader': bytes(MAX_LINES_BYTES),
  'Warning events that wait': count(MAX_EVENTS),
  'Warning events at once, then one each second': count(BURST),
}

/** The other tables, by the head of their first column. */
const OTHERS: Readonly<Record<string, Bounds>> = {
  'an AccessPolicy': POLICIES,
  'other objects': OBJECTS,
  'a folder of manifests': FOLDER,
  'a service and its routes': SERVICES,
  'tokens and permissions': TOKENS,
  'keys of an identity provider': PROVIDERS,
  'a log line': LOG,
}

const ROOT = new URL('..', import.meta.url)
const textOf = (file: string) => readFileSync(new URL(file, ROOT), 'utf8')
/** Includes the imports of this file, which must be used. */
const TESTS = ['test/bounds-page.test.ts', ...globSync('testing/bounds/*.ts', { cwd: ROOT })]
  .map(textOf)
  .join('\n')

/** Each constant that is a bound, as `file NAME`. */
const BOUNDING = /^(?:export )?const (MAX_\w+|\w*(?:LIMITS|BOUNDS))(?=\b.*= (?:.*\d|\{$))/gm
const constants = globSync('src/**/*.ts', { cwd: ROOT }).flatMap((file) =>
  [...textOf(file).matchAll(BOUNDING)].map(([, name = '']) => `${file} ${name}`),
)
const imported = [...TESTS.matchAll(/import \{([^}]*)\} from '[./]*(src\/[^']*)'/g)].flatMap(
  ([, names = '', file = '']) =>
    names.split(',').map((each) => {
      const [name = '', local = name] = each.trim().split(' as ')
      return { id: `${file} ${name}`, local }
    }),
)

/** Bounds that follow from another bound on the page, and those on the page of the configuration. */
const ELSEWHERE = [
  'src/common/host.ts MAX_LENGTH',
  'src/resources/secret.ts MAX_BASE64',
  'src/envoy/bounds.ts MAX_REQUEST_BYTES',
  'src/access/credential.ts MAX_JWT_LENGTH',
  'src/access/clock-skew.ts MAX_CLOCK_SKEW_SECONDS',
]

const fieldsOf = (table: object) =>
  Object.entries(table).flatMap(([key, value]) => (typeof value === 'number' ? key : []))

describe('the page of operations', () => {
  it('shows every bound with its current value', () => {
    const rows = rowsUnder(BOUND_COLUMNS, page)
    expect(rows.map(([bound, value]) => [bound, value])).toEqual(Object.entries(VALUES))
    const causes = new Set(rows.flatMap(([, , , , cause]) => namesIn(cause)))
    expect(GRPC_SHEDS.filter((cause) => !causes.has(cause))).toEqual([])
    const { grpc, jwt } = readConfig({ file: undefined, env: {}, flags: {} })
    const keys = [...Object.values(grpc), jwt.maxTokenBytes]
    const changed = rows.flatMap(([, , , , , key]) => namesIn(key))
    expect(changed).toEqual([
      'grpc.maxRequestBytes',
      'grpc.maxConnections',
      'grpc.maxConnectionsPerAddress',
      'jwt.maxTokenBytes',
    ])
    const { requestBytes, connections, connectionsPerAddress } = BOUNDS
    for (const value of [requestBytes, connections, connectionsPerAddress, JWT_LENGTH])
      expect(keys).toContain(value)
  })

  it.each(Object.entries(OTHERS))(
    'shows every bound of %s with its current value',
    (head, bounds) => {
      const rows = rowsUnder([head, 'value', 'per', 'beyond it'], page)
      expect(rows.map(([bound, value]) => [bound, value])).toEqual(Object.entries(bounds))
      expect(rows.flat().filter((cell) => cell === '')).toEqual([])
    },
  )

  it('contains every constant that is a bound', () => {
    const known = new Set([...imported.map(({ id }) => id), ...ELSEWHERE])
    expect(constants.length).toBeGreaterThan(60)
    expect(constants.filter((id) => !known.has(id))).toEqual([])
  })

  it.each([
    ['envoy/bounds.ts BOUNDS', BOUNDS],
    ['kubernetes/reviews/review-client.ts QUESTION_LIMITS', REVIEW_LIMITS],
    ['manifests/folder.ts LIMITS', FOLDER_LIMITS],
    ['tokens/fetch-jwks.ts LIMITS', FETCH_LIMITS],
  ])('contains every field of %s', (id, table) => {
    const local = imported.find((each) => each.id === `src/${id}`)?.local ?? ''
    const isUsed = (field: string) => new RegExp(`\\b${local}\\.${field}\\b`).test(TESTS)
    expect(fieldsOf(table).filter((field) => !isUsed(field))).toEqual([])
  })
})
