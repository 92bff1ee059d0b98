import { mutations } from '../mutation.ts'

const INFINITE = 'Number.POSITIVE_INFINITY'
const BOUNDS = 'resources/bounds'
const EVENTS = 'kubernetes/status/events'

export const OBJECTS = mutations([
  [
    'key or token in a Secret',
    'resources/secret.ts',
    'if (bytes.length > MAX_BYTES) return TOO_LONG',
    '',
    BOUNDS,
  ],
  [
    'key or token in a Secret',
    'resources/secret.ts',
    'encodeUtf8, MAX_BYTES',
    `encodeUtf8, ${INFINITE}`,
    BOUNDS,
  ],
  [
    'src/resources/secret.ts MAX_BASE64',
    'resources/secret.ts',
    'decodeBase64, MAX_BASE64',
    `decodeBase64, ${INFINITE}`,
    BOUNDS,
  ],
  [
    'length of an annotation of a key',
    'resources/api-key-annotations.ts',
    'value.length > MAX_ANNOTATION_LENGTH',
    'false',
    BOUNDS,
  ],
  [
    'labels, and annotations',
    'resources/object.ts',
    ' || hasMoreThan(MAX_TEXTS, found)',
    '',
    BOUNDS,
  ],
  ['addresses of a pod', 'resources/pod.ts', 'list.slice(0, MAX_ADDRESSES)', 'list', BOUNDS],
  [
    'length of an address',
    'common/address.ts',
    ' || text.length > MAX_ADDRESS_LENGTH',
    '',
    'common/address',
  ],
  [
    'updates of an object',
    'kubernetes/watch/coalescing.ts',
    'recent.set(object.key, waits ? object : undefined)\n      if (!waits) known.put(object)',
    'known.put(object)',
    'kubernetes/watch/coalescing',
  ],
  [
    'problems that are reported',
    'resources/problem.ts',
    'if (problems.length < MAX_PROBLEMS) ',
    '',
    'resources/resource',
    BOUNDS,
  ],
  [
    'changes of protection in one second that have a line each',
    'app/protection-changes.ts',
    'sorted.slice(0, MAX_REPORTED)',
    'sorted',
    'app/protection-changes',
  ],
  [
    'src/app/protection-changes.ts REST',
    'app/protection-changes.ts',
    'REST * (performance.now() - begun)',
    '0',
    'app/protection-changes',
  ],
  [
    'length of an event',
    'kubernetes/status/events.ts',
    'message.slice(0, MAX_EVENT_MESSAGE)',
    'message',
    EVENTS,
  ],
  [
    'events that wait',
    'kubernetes/status/events.ts',
    '(MAX_EVENTS_WAITING)',
    `(${INFINITE})`,
    EVENTS,
  ],
  [
    'events at once, then one each second',
    'kubernetes/status/events.ts',
    'burst: BURST',
    `burst: ${INFINITE}`,
    EVENTS,
  ],
  [
    'events at once, then one each second',
    'kubernetes/status/events.ts',
    'perSecond: 1 }',
    `perSecond: ${INFINITE} }`,
    EVENTS,
  ],
])
