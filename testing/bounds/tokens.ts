import { MAX_SUMMARY_ENTRIES as MAX_SUMMED } from '../../src/access/claim-values.ts'
import { KEY_CALLERS } from '../../src/access/key-callers.ts'
import { MAX_SETS } from '../../src/access/membership.ts'
import { RULE_HINTS } from '../../src/access/rule-hints.ts'
import { MAX_SHADOW_WAITING, PER_SECOND as SHADOW_PER_SECOND } from '../../src/access/shadow.ts'
import { CALLERS } from '../../src/app/folder-source.ts'
import type { CacheBounds } from '../../src/common/cache.ts'
import { CALL_LIMITS } from '../../src/common/dependency-calls.ts'
import { INTERNED } from '../../src/common/interning.ts'
import { MAX_HOLDERS } from '../../src/common/rate-limits.ts'
import { MAX_REVIEWS } from '../../src/doctor/review-permissions.ts'
import { MAX_VALUE_LENGTH as MAX_HEADER_VALUE } from '../../src/envoy/identity-headers.ts'
import { REPLIES, REPLIES_EACH } from '../../src/envoy/replies.ts'
import { KNOWN } from '../../src/kubernetes/reviews/access-review.ts'
import { BAD, GOOD } from '../../src/kubernetes/reviews/token-cache.ts'
import { UNSIGNED } from '../../src/kubernetes/reviews/token-review.ts'
import { MAX_VERDICTS } from '../../src/manifests/rbac-authorizer.ts'
import { REMEMBERED } from '../../src/tokens/caching-verifier.ts'
import { ACTIVE, NOT_ACTIVE } from '../../src/tokens/introspection.ts'
import { type Bounds, bytes, count, seconds } from './texts.ts'

const perSecond = (times: number, ms: number) => `${count((times * 1_000) / ms)} a second`
const cache = ({ entries, bytes: size }: CacheBounds) => `${count(entries)} and ${bytes(size)}`

export const TOKENS: Bounds = {
  'good Kubernetes tokens kept': cache(GOOD),
  'bad Kubernetes tokens kept': cache(BAD),
  'permissions kept': cache(KNOWN),
  'verified JWTs kept': cache(REMEMBERED),
  'active opaque tokens kept': cache(ACTIVE),
  'refused opaque tokens kept': cache(NOT_ACTIVE),
  "callers of a folder's tokens kept": cache(CALLERS),
  'API keys whose caller is kept': count(KEY_CALLERS.entries),
  'places of rules kept for callers': cache(RULE_HINTS),
  'answers kept for callers': `${count(REPLIES.entries)} callers and ${bytes(REPLIES.bytes ?? 0)}, with their claims`,
  'answers kept for one caller': count(REPLIES_EACH),
  'equal labels, groups and service lists of API keys that share memory': `${count(INTERNED.values)} of each, up to ${count(INTERNED.length)} characters`,
  'RBAC verdicts of a folder kept': count(MAX_VERDICTS),
  'time of a TokenReview, SubjectAccessReview or introspection, waiting included': seconds(
    CALL_LIMITS.callMs,
  ),
  'failures of them in a row until none is asked': count(CALL_LIMITS.tolerated),
  'the first time without them': seconds(CALL_LIMITS.firstRestMs),
  'the longest time without them': seconds(CALL_LIMITS.longestRestMs),
  'TokenReviews that wait, of tokens that the cluster may not have signed': count(UNSIGNED.waiting),
  'such TokenReviews that wait for one service': count(UNSIGNED.waitingPerKey),
  'services, namespaces or proxies whose such TokenReviews or introspections are counted':
    count(MAX_HOLDERS),
  'lists of a caller that are kept for look-ups': count(MAX_SETS),
  'entries of claims that are kept for look-ups': count(MAX_SUMMED),
  'Shadow evaluations that wait': count(MAX_SHADOW_WAITING),
  'Shadow evaluations with look-ups': perSecond(SHADOW_PER_SECOND, 1_000),
  'permissions that `doctor` asks for': count(MAX_REVIEWS),
  'length of a header that tells the model who calls': count(MAX_HEADER_VALUE),
}
