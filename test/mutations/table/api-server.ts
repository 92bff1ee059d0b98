import { mutations } from '../mutation.ts'

const INFINITE = 'Number.POSITIVE_INFINITY'
const STATUS = 'kubernetes/status/policy-status-writer'
const EVENTS = 'kubernetes/status/events'
const API = 'kubernetes/client/api-server'
const LIST = 'kubernetes/watch/list-watch'
const REFLECTOR = ['kubernetes/watch/reflector', 'kubernetes/watch/reflector-recovery'] as const

export const API_SERVER = mutations([
  [
    'page of a list',
    'kubernetes/watch/list-watch.ts',
    'size > 1 ? MAX_PAGE_BYTES : undefined',
    'undefined',
    LIST,
  ],
  [
    'src/kubernetes/watch/list-watch.ts PAGE_SIZE',
    'kubernetes/watch/list-watch.ts',
    'let size = PAGE_SIZE',
    `let size = ${INFINITE}`,
    LIST,
  ],
  [
    'src/kubernetes/watch/list-watch.ts PART',
    'kubernetes/watch/list-watch.ts',
    '  for (let start = PART; start < page.items.length; start += PART) {\n    await turn()',
    '  for (let start = PART; start < page.items.length; start += PART) {',
    LIST,
  ],
  [
    'length of an answer of the API server',
    'kubernetes/client/api-server.ts',
    'maxBytes = MAX_BODY_BYTES',
    `maxBytes = ${INFINITE}`,
    API,
  ],
  [
    'event of a watch that is parsed on the main thread',
    'kubernetes/watch/parse-line.ts',
    'line.length < LARGE_LINE ? ',
    `line.length < ${INFINITE} ? `,
    'kubernetes/watch/large-events',
  ],
  [
    'event of a watch that is parsed on the main thread',
    'kubernetes/watch/list-watch.ts',
    'jsonLines(stream, silenceMs, parseLine)',
    'jsonLines(stream, silenceMs)',
    'kubernetes/watch/large-events',
  ],
  [
    'src/resources/policy-excess.ts withoutExcess',
    'kubernetes/watch/line-worker.ts',
    'withoutExcess(event.object)',
    'event.object',
    'kubernetes/watch/large-events',
  ],
  [
    'length of an event of a watch',
    'kubernetes/client/json-lines.ts',
    "if (length > MAX_LINE_LENGTH) throw new Error('an event of the API server is too long')",
    '',
    'kubernetes/client/json-lines',
  ],
  [
    'time for a page, and for a watch to begin',
    'kubernetes/watch/list-watch.ts',
    'const timer = setTimeout(end, ms)',
    'const timer = undefined',
    LIST,
    ...REFLECTOR,
  ],
  [
    'silence of a watch',
    'kubernetes/client/json-lines.ts',
    'const timer = setTimeout(fall, silenceMs)',
    'const timer = setTimeout(() => void fall, 2 ** 30)',
    'kubernetes/client/json-lines',
  ],
  [
    'silence of a watch',
    'kubernetes/watch/list-watch.ts',
    'eventsIn(await opened(api, request, limits), limits.silenceMs)',
    'eventsIn(await opened(api, request, limits), 2 ** 30)',
    LIST,
    ...REFLECTOR,
  ],
  [
    'src/kubernetes/client/json-lines.ts TURN_MS',
    'kubernetes/client/json-lines.ts',
    'performance.now() - begun > TURN_MS',
    'false',
    'kubernetes/client/json-lines',
  ],
  [
    'time to write an event',
    'kubernetes/status/events.ts',
    'signal: AbortSignal.timeout(EVENT_CALL_MS)',
    'signal: new AbortController().signal',
    EVENTS,
  ],
  [
    'src/kubernetes/status/unguarded-services.ts REST',
    'kubernetes/status/unguarded-services.ts',
    'REST * (performance.now() - begun)',
    '0',
    'kubernetes/status/unguarded-services',
  ],
  [
    'time to write a status',
    'kubernetes/status/apply-status.ts',
    'AbortSignal.any([signal, AbortSignal.timeout(STATUS_CALL_MS)])',
    'signal',
    STATUS,
  ],
  [
    'tries of a request on kept connections',
    'kubernetes/client/api-server.ts',
    'if (stale && attempts > 1)',
    'if (stale)',
    API,
  ],
  [
    'src/kubernetes/client/api-server.ts DRAIN_MS',
    'kubernetes/client/api-server.ts',
    'setTimeout(() => response.destroy(), DRAIN_MS)',
    'setTimeout(() => response.destroy(), 2 ** 30)',
    API,
  ],
  [
    'src/kubernetes/client/api-server.ts RELOAD_MS',
    'kubernetes/client/api-server.ts',
    'if (performance.now() - reloaded < RELOAD_MS) return',
    '',
    API,
  ],
  [
    'namespaces whose changes of RBAC are counted apart',
    'kubernetes/reviews/rbac-generation.ts',
    'if (changes.size > MAX_NAMESPACES) fold()',
    '',
    'kubernetes/reviews/rbac-generation',
  ],
  [
    'permissions that `doctor` asks for',
    'doctor/review-permissions.ts',
    'needed.slice(0, MAX_REVIEWS)',
    'needed',
    'doctor/review-permissions',
  ],
  [
    'src/doctor/review-permissions.ts AT_ONCE',
    'doctor/review-permissions.ts',
    'const AT_ONCE = 16',
    'const AT_ONCE = 10_000',
    'doctor/review-permissions',
  ],
  [
    'src/doctor/review-permissions.ts SHOWN',
    'doctor/review-permissions.ts',
    'const SHOWN = 8',
    'const SHOWN = 10_000',
    'doctor/review-permissions',
  ],
])
