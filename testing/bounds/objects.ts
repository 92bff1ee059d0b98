import { MAX_REPORTED } from '../../src/app/protection-changes.ts'
import { MAX_ADDRESS_LENGTH } from '../../src/common/address.ts'
import { MAX_ATTEMPTS, MAX_BODY_BYTES } from '../../src/kubernetes/client/api-server.ts'
import { MAX_LINE_LENGTH } from '../../src/kubernetes/client/json-lines.ts'
import { MAX_NAMESPACES } from '../../src/kubernetes/reviews/rbac-generation.ts'
import { STATUS_CALL_MS as STATUS_MS } from '../../src/kubernetes/status/apply-status.ts'
import { EVENT_CALL_MS as EVENT_MS, MAX_EVENT_MESSAGE } from '../../src/kubernetes/status/events.ts'
import { WINDOW_MS } from '../../src/kubernetes/watch/coalescing.ts'
import { MAX_PAGE_BYTES } from '../../src/kubernetes/watch/list-watch.ts'
import { LARGE_LINE } from '../../src/kubernetes/watch/parse-line.ts'
import { REFLECTOR_PERIODS as FOLLOW_PERIODS } from '../../src/kubernetes/watch/reflector.ts'
import { MAX_ANNOTATION_LENGTH as MAX_ANNOTATION } from '../../src/resources/api-key-annotations.ts'
import { MAX_TEXTS } from '../../src/resources/object.ts'
import { MAX_ADDRESSES } from '../../src/resources/pod.ts'
import { MAX_PROBLEMS } from '../../src/resources/problem.ts'
import { MAX_BYTES as MAX_SECRET_BYTES } from '../../src/resources/secret.ts'
import { type Bounds, bytes, count, seconds } from './texts.ts'

const once = (ms: number) => `1 each ${ms} ms`

export const OBJECTS: Bounds = {
  'key or token in a Secret': bytes(MAX_SECRET_BYTES),
  'length of an annotation of a key': count(MAX_ANNOTATION),
  'labels, and annotations': count(MAX_TEXTS),
  'addresses of a pod': count(MAX_ADDRESSES),
  'length of an address': count(MAX_ADDRESS_LENGTH),
  'updates of an object': once(WINDOW_MS),
  'problems that are reported': count(MAX_PROBLEMS),
  'changes of protection in one second that have a line each': count(MAX_REPORTED),
  'length of an event': count(MAX_EVENT_MESSAGE),
  'page of a list': bytes(MAX_PAGE_BYTES),
  'length of an answer of the API server': bytes(MAX_BODY_BYTES),
  'event of a watch that is parsed on the main thread': bytes(LARGE_LINE),
  'length of an event of a watch': bytes(MAX_LINE_LENGTH),
  'time for a page, and for a watch to begin': seconds(FOLLOW_PERIODS.request),
  'silence of a watch': seconds(FOLLOW_PERIODS.silence),
  'time to write an event': seconds(EVENT_MS),
  'time to write a status': seconds(STATUS_MS),
  'tries of a request on kept connections': count(MAX_ATTEMPTS),
  'namespaces whose changes of RBAC are counted apart': count(MAX_NAMESPACES),
}
