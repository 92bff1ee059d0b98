import type { CacheBounds } from '../../../src/access/cache.ts'
import { MAX_SETS } from '../../../src/access/membership.ts'
import {
  MAX_WAITING as MAX_TRIALS,
  PER_SECOND as TRIALS_PER_SECOND,
} from '../../../src/access/shadow.ts'
import { MAX_ENTRIES as MAX_SUMMED } from '../../../src/access/texts.ts'
import { ALLOWANCES } from '../../../src/cluster-access.ts'
import { MAX_VALUE_LENGTH as MAX_HEADER_VALUE } from '../../../src/envoy/encode.ts'
import { CALLERS } from '../../../src/folder-source.ts'
import { KNOWN } from '../../../src/kubernetes/access-review.ts'
import type { Allowances } from '../../../src/kubernetes/budgets.ts'
import { MAX_HOLDERS } from '../../../src/kubernetes/budgets.ts'
import { BAD, GOOD } from '../../../src/kubernetes/known-tokens.ts'
import { QUESTION_LIMITS } from '../../../src/kubernetes/questions.ts'
import { UNSIGNED } from '../../../src/kubernetes/token-review.ts'
import { MAX_VERDICTS } from '../../../src/manifests/rbac.ts'
import { REMEMBERED } from '../../../src/tokens/verifier.ts'
import { type Bounds, bytes, count, seconds } from './texts.ts'

const perSecond = (times: number, ms: number) => `${count((times * 1_000) / ms)} a second`
const cache = ({ entries, bytes: size }: CacheBounds) => `${count(entries)} and ${bytes(size)}`
const allowance = ({ burst, perSecond: more }: Allowances['inAll']) =>
  `${count(burst)}, then ${count(more)} a second`

export const TOKENS: Bounds = {
  'good Kubernetes tokens kept': cache(GOOD),
  'bad Kubernetes tokens kept': cache(BAD),
  'permissions kept': cache(KNOWN),
  'verified JWTs kept': cache(REMEMBERED),
  "callers of a folder's tokens kept": cache(CALLERS),
  'RBAC verdicts of a folder kept': count(MAX_VERDICTS),
  'questions under way': count(QUESTION_LIMITS.running),
  'questions that wait': count(QUESTION_LIMITS.waiting),
  'questions of one service that wait': count(QUESTION_LIMITS.waitingPerLine),
  'time of a question, waiting included': seconds(QUESTION_LIMITS.callMs),
  'failures in a row until nothing is asked': count(QUESTION_LIMITS.tolerated),
  'the first time without questions': seconds(QUESTION_LIMITS.firstRestMs),
  'the longest time without questions': seconds(QUESTION_LIMITS.longestRestMs),
  'unsigned tokens under way': count(UNSIGNED.running),
  'unsigned tokens that wait': count(UNSIGNED.waiting),
  'unsigned tokens of one service that wait': count(UNSIGNED.waitingPerLine),
  'unsigned tokens of one service': allowance(ALLOWANCES.perService),
  'unsigned tokens of one proxy': allowance(ALLOWANCES.perProxy),
  'unsigned tokens in all': allowance(ALLOWANCES.inAll),
  'services, and proxies, whose unsigned tokens are counted': count(MAX_HOLDERS),
  'lists of a caller that are kept for look-ups': count(MAX_SETS),
  'entries of claims that are kept for look-ups': count(MAX_SUMMED),
  'trials of Shadow that wait': count(MAX_TRIALS),
  'trials of Shadow that look something up': perSecond(TRIALS_PER_SECOND, 1_000),
  'length of a header that tells the model who calls': count(MAX_HEADER_VALUE),
}
