import { mutations } from '../mutation.ts'

const INFINITE = 'Number.POSITIVE_INFINITY'
const CREDENTIAL = 'access/credential'
const PLACES = 'access/credential-places'

export const CREDENTIALS = mutations([
  [
    'length of an API key, or of an opaque token',
    'access/credential.ts',
    'text.length > MAX_CREDENTIAL_LENGTH && (value === undefined || !JWT.test(value))',
    'false',
    CREDENTIAL,
  ],
  [
    'length of a JWT',
    'access/credential.ts',
    'text.length > jwtLength ? undefined : shownIn',
    'shownIn',
    CREDENTIAL,
  ],
  [
    'src/access/credential.ts MAX_JWT_LENGTH',
    'config/schema.ts',
    'count(MAX_CREDENTIAL_LENGTH, MAX_JWT_LENGTH)',
    `count(MAX_CREDENTIAL_LENGTH, ${INFINITE})`,
    'config/bounds',
  ],
  [
    'src/envoy/bounds.ts MAX_REQUEST_BYTES',
    'envoy/protocol.ts',
    'bytes.length > MAX_REQUEST_BYTES || hasTooManyFields',
    'hasTooManyFields',
    'envoy/protocol',
  ],
  [
    'src/access/clock-skew.ts MAX_CLOCK_SKEW_SECONDS',
    'config/jwt.ts',
    '.max(MAX_CLOCK_SKEW_SECONDS)',
    '',
    'config/bounds',
  ],
  [
    'subprotocols of a WebSocket',
    'access/subprotocols.ts',
    'offered.length > MAX_SUBPROTOCOLS ? undefined : ',
    '',
    CREDENTIAL,
    PLACES,
  ],
  [
    'subprotocols of a WebSocket',
    'access/subprotocols.ts',
    "header.split(',', MAX_SUBPROTOCOLS + 1)",
    "header.split(',')",
    PLACES,
    'bounded-work',
  ],
  [
    'length of the Cookie header',
    'common/cookies.ts',
    'if (header.length > MAX_COOKIE_LENGTH) return false',
    '',
    'bounded-work',
  ],
  ['cookies', 'common/cookies.ts', 'if (pairs > MAX_COOKIES) return false', '', PLACES],
  [
    'length of the path and query',
    'envoy/read-request.ts',
    'path.length <= MAX_PATH_LENGTH && ',
    '',
    'envoy/read-request',
  ],
  [
    'time for an answer',
    'envoy/check-handler.ts',
    'Math.min(deadlineMs, limitMs)',
    'Math.min(2 ** 30, limitMs)',
    'envoy/check-handler',
  ],
  [
    'src/envoy/check-handler.ts RETURN_MS',
    'envoy/check-handler.ts',
    'Number(deadline) - Date.now() - RETURN_MS',
    INFINITE,
    'envoy/check-handler',
    'envoy/server',
  ],
  [
    'lists of a caller that are kept for look-ups',
    'access/membership.ts',
    'if (sets.size >= MAX_SETS) sets.clear()',
    '',
    'bounded-work',
  ],
  [
    'entries of claims that are kept for look-ups',
    'access/claim-values.ts',
    'if (held + size > MAX_SUMMARY_ENTRIES) {',
    'if (false) {',
    'bounded-work',
  ],
  [
    'Shadow evaluations that wait',
    'access/shadow.ts',
    'waiting >= MAX_SHADOW_WAITING || ',
    '',
    'access/shadow',
  ],
  [
    'Shadow evaluations with look-ups',
    'access/shadow.ts',
    ' || bucket.left(now()) < 1',
    '',
    'access/shadow',
  ],
  [
    'length of a header that tells the model who calls',
    'envoy/identity-headers.ts',
    "text.length > MAX_VALUE_LENGTH ? 'too-long' : undefined",
    'undefined',
    'envoy/encode',
  ],
  ...[
    ['`requestId`', "(check.requestId ?? '').slice(0, MAX_REQUEST_ID)", "(check.requestId ?? '')"],
    ['`method`', 'check.method.slice(0, MAX_METHOD)', 'check.method'],
    ['`path`', 'pathOf(check.path).slice(0, MAX_PATH)', 'pathOf(check.path)'],
    [
      '`credential`',
      "(check.credential ?? '').slice(0, MAX_CREDENTIAL)",
      "(check.credential ?? '')",
    ],
    ['`detail`', 'detail.slice(0, MAX_DETAIL)', 'detail'],
  ].map(
    ([bound = '', text = '', put = '']) =>
      [bound, 'observability/decision-log.ts', text, put, 'observability/decision-log'] as const,
  ),
  [
    "fields for Envoy's access log",
    'envoy/metadata.ts',
    'value.slice(0, MAX_METADATA_LENGTH)',
    'value',
    'envoy/metadata',
  ],
  [
    'value of the configuration that a message quotes',
    'config/problems.ts',
    "if (text.length > MAX_QUOTED) return ''",
    '',
    'config/read-config',
  ],
  [
    'key of the configuration that a message names',
    'config/shape.ts',
    'key.length <= MAX_SHOWN && ',
    '',
    'config/read-config',
  ],
])
