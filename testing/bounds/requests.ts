import { JWT_LENGTH, MAX_CREDENTIAL_LENGTH } from '../../src/access/credential.ts'
import { MAX_SUBPROTOCOLS } from '../../src/access/subprotocols.ts'
import { READERS_MS } from '../../src/app/metrics-readers.ts'
import { VERIFICATIONS } from '../../src/app/verifications.ts'
import { DEADLINE_MS } from '../../src/cli/serve.ts'
import { MAX_COOKIE_LENGTH, MAX_COOKIES } from '../../src/common/cookies.ts'
import { CALL_LIMITS } from '../../src/common/dependency-calls.ts'
import { STANDING_PATIENCE_MS } from '../../src/common/fair-queue.ts'
import { ALLOWANCES, type Allowances } from '../../src/common/rate-limits.ts'
import { MAX_BUFFER_BYTES, MAX_REFUSED } from '../../src/envoy/admission.ts'
import { FREE_BYTES } from '../../src/envoy/arrival.ts'
import { BOUNDS } from '../../src/envoy/bounds.ts'
import { MAX_REFUSALS } from '../../src/envoy/connections.ts'
import { MAX_FIELDS } from '../../src/envoy/field-count.ts'
import { MAX_HEALTH_BYTES } from '../../src/envoy/health.ts'
import { OPENED_PER_TURN } from '../../src/envoy/openings.ts'
import { MAX_ACCEPT_LENGTH } from '../../src/envoy/prefers-html.ts'
import { MAX_PATH_LENGTH } from '../../src/envoy/read-request.ts'
import { LIGHT_WORK, READ_PER_TURN, WORK_BYTES } from '../../src/envoy/read-turns.ts'
import { LONGEST_REST_MS, MAX_JUDGED_PEERS } from '../../src/envoy/rests.ts'
import { SWEPT_PER_TURN } from '../../src/envoy/sweep.ts'
import { TURN_WORK } from '../../src/envoy/turn-work.ts'
import { UNREAD_MS } from '../../src/http2/connection.ts'
import { MAX_BLOCK_BYTES } from '../../src/http2/header-blocks.ts'
import { MAX_HEADER_FIELDS, MAX_LIST_BYTES } from '../../src/http2/hpack.ts'
import { MAX_UNSENT_BYTES } from '../../src/http2/output.ts'
import { USELESS_AT_ONCE, USELESS_PER_SECOND } from '../../src/http2/patience.ts'
import { LEAST_FRAME_BYTES } from '../../src/http2/protocol.ts'
import { MAX_SETTINGS } from '../../src/http2/settings.ts'
import { UNSIGNED } from '../../src/kubernetes/reviews/token-review.ts'
import { BURST, MAX_EVENTS_WAITING as MAX_EVENTS } from '../../src/kubernetes/status/events.ts'
import { HTTP_LIMITS, SCRAPE_MS, SILENCE_MS } from '../../src/observability/http.ts'
import { MAX_LAST_DENIALS } from '../../src/observability/last-denials.ts'
import { MAX_LINES_WAITING as MAX_LINES_BYTES } from '../../src/observability/line-writer.ts'
import { IN_FLIGHT } from '../../src/tokens/caching-verifier.ts'
import { type Bounds, bytes, count, seconds } from './texts.ts'

const suchReviews = ({ burst, perSecond }: Allowances['inAll']) => ({
  [`such TokenReviews at once, then ${perSecond} a second`]: count(burst),
})

const introspections = ({ burst, perSecond }: Allowances['inAll']) => ({
  [`introspections at once, then ${perSecond} a second`]: count(burst),
})

/** Of requests and connections, in the order of the page. */
export const REQUESTS: Bounds = {
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
  'bytes of buffers for long messages that are kept for later': bytes(MAX_BUFFER_BYTES),
  'bytes of requests in flight': bytes(BOUNDS.bytes),
  'bytes of requests in flight of one peer': bytes(BOUNDS.bytesPerAddress),
  'bytes of a request that count as one more request': bytes(WORK_BYTES),
  'requests in one turn': count(TURN_WORK),
  'requests in one turn of one peer': count(LIGHT_WORK),
  'connections of peers with many requests read in one turn': count(READ_PER_TURN),
  'rest of a peer whose requests are refused': seconds(LONGEST_REST_MS),
  'peers whose refused requests are counted': count(MAX_JUDGED_PEERS),
  'late requests and idle connections ended in one turn': count(SWEPT_PER_TURN),
  'health watches': count(BOUNDS.watches),
  connections: count(BOUNDS.connections),
  'connections of one peer': count(BOUNDS.connectionsPerAddress),
  'connections without a request': count(BOUNDS.opening),
  'connections without a request of one peer': count(BOUNDS.openingPerAddress),
  'connections opened in one turn': count(OPENED_PER_TURN),
  'time for a frame, or for the headers of a request': seconds(BOUNDS.firstRequestMs),
  'time to the first request': seconds(BOUNDS.firstRequestMs),
  'time without a request': seconds(BOUNDS.idleMs),
  'age of a connection, plus or minus 10 %': seconds(BOUNDS.ageMs),
  'length of a frame': bytes(LEAST_FRAME_BYTES),
  'length of the header block of a request': bytes(MAX_BLOCK_BYTES),
  'headers of a request': count(MAX_HEADER_FIELDS),
  'length of the headers of a request': bytes(MAX_LIST_BYTES),
  'settings in a frame': count(MAX_SETTINGS),
  [`frames at once that bring no request forward, then ${USELESS_PER_SECOND} a second`]:
    count(USELESS_AT_ONCE),
  'answers of a connection that are not read': bytes(MAX_UNSENT_BYTES),
  'time in which no answer of a connection is read': seconds(UNREAD_MS),
  'length of the message of a health check': bytes(MAX_HEALTH_BYTES),
  'length of an API key, or of an opaque token': bytes(MAX_CREDENTIAL_LENGTH),
  'length of a JWT': bytes(JWT_LENGTH),
  'subprotocols of a WebSocket': count(MAX_SUBPROTOCOLS),
  'length of the Cookie header': bytes(MAX_COOKIE_LENGTH),
  cookies: count(MAX_COOKIES),
  'length of the path and query': bytes(MAX_PATH_LENGTH),
  'length of the Accept header': bytes(MAX_ACCEPT_LENGTH),
  'signatures verified at a time': count(VERIFICATIONS.running),
  'signatures that wait': count(VERIFICATIONS.waiting),
  'signatures that wait for one service': count(VERIFICATIONS.waitingPerKey),
  'JWTs that wait for keys or their turn': count(IN_FLIGHT.inAll),
  'JWTs of one namespace that wait for keys or their turn': count(IN_FLIGHT.perTenant),
  'TokenReviews at a time': count(CALL_LIMITS.running),
  'TokenReviews that wait': count(CALL_LIMITS.waiting),
  'TokenReviews that wait for one service': count(CALL_LIMITS.waitingPerKey),
  'TokenReviews at a time of tokens that the cluster may not have signed': count(UNSIGNED.running),
  ...suchReviews(ALLOWANCES.perService),
  ...suchReviews(ALLOWANCES.perTenant),
  ...suchReviews(ALLOWANCES.perProxy),
  ...suchReviews(ALLOWANCES.inAll),
  'introspections at a time': count(CALL_LIMITS.running),
  'introspections that wait': count(CALL_LIMITS.waiting),
  'introspections that wait for one service': count(CALL_LIMITS.waitingPerKey),
  ...introspections(ALLOWANCES.perService),
  ...introspections(ALLOWANCES.perTenant),
  ...introspections(ALLOWANCES.perProxy),
  ...introspections(ALLOWANCES.inAll),
  'wait of any of these': `${Math.max(VERIFICATIONS.patienceMs, CALL_LIMITS.patienceMs)} ms`,
  'wait while a namespace has waited for longer without a break': `${STANDING_PATIENCE_MS} ms`,
  'renderings of `/metrics` and of `/denials`': seconds(SCRAPE_MS),
  'time to decide about a reader of these pages': seconds(READERS_MS),
  'last denials that are kept': count(MAX_LAST_DENIALS),
  'silence on the HTTP port': seconds(SILENCE_MS),
  'time for the headers of a request on the HTTP port': seconds(HTTP_LIMITS.headersTimeout),
  'time for a request on the HTTP port': seconds(HTTP_LIMITS.requestTimeout),
  'length of the headers of a request on the HTTP port': bytes(HTTP_LIMITS.maxHeaderSize),
  'decision log that waits for its reader': bytes(MAX_LINES_BYTES),
  'events that wait': count(MAX_EVENTS),
  'events at once, then one each second': count(BURST),
}
