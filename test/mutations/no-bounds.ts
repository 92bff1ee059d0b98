/** Why a number of the code is not a bound that a mutation could remove. */
const CODE = 'a code or a length that a protocol or a character set defines'
const WEIGHT = 'a weight: what it is of is bounded'
const PERIOD = 'how often something is looked at'
const LEAST = 'a least value'
const USUAL = 'what is used where nothing else is given; the bound is beside it'
const CHOICE = 'chooses between two ways to the same answer'
const PASSED =
  'a type requires that it is passed on; the row of its bound removes it where it counts'
const PROCESS = 'only a whole program shows it: a suite of test/e2e/'

/** By `file NAME`. */
export const NO_BOUNDS: Readonly<Record<string, string>> = {
  'src/access/clock-skew.ts CLOCK_SKEW_SECONDS': USUAL,
  'src/access/contenders.ts FEW': CHOICE,
  'src/access/credential.ts JWT_LENGTH': USUAL,
  'src/access/membership.ts LONG': CHOICE,
  'src/access/namespace-policies.ts SERVICE_UNITS': WEIGHT,
  'src/access/policy-weight.ts AUDIENCES_WEIGHT': WEIGHT,
  'src/access/policy-weight.ts BASE_WEIGHT': WEIGHT,
  'src/access/policy-weight.ts TEXT_LENGTH': WEIGHT,
  'src/app/cluster-identity.ts WAIT_MS': PASSED,
  'src/app/folder-source.ts CALLER_MS': USUAL,
  'src/app/log-policy-status.ts SETTLE_MS': PERIOD,
  'src/app/log-policy-status.ts UNITS_OF_POLICY_STATUS': WEIGHT,
  'src/cli/check.ts SYNC_MS': PROCESS,
  'src/cli/program.ts USAGE': CODE,
  'src/cli/serve.ts DEADLINE_MS': PASSED,
  'src/cli/serve.ts LAST_MS': PROCESS,
  'src/cli/serve.ts REPEAT_MS': PASSED,
  'src/cli/serve.ts STOP_GRACE_MS': PASSED,
  'src/cli/serve.ts SYNC_LOOK_MS': PERIOD,
  'src/envoy/admission.ts CANCEL': CODE,
  'src/envoy/admission.ts NO_ERROR': CODE,
  'src/envoy/arrival.ts FRAME_BYTES': CODE,
  'src/envoy/bounds.ts MIB': CODE,
  'src/envoy/encode.ts OVERWRITE_IF_EXISTS_OR_ADD': CODE,
  'src/envoy/field-count.ts FIXED32': CODE,
  'src/envoy/field-count.ts FIXED64': CODE,
  'src/envoy/field-count.ts LEAST_BYTES': CODE,
  'src/envoy/field-count.ts LENGTH_DELIMITED': CODE,
  'src/envoy/field-count.ts VARINT': CODE,
  'src/envoy/go-away.ts LAST_STREAM': CODE,
  'src/envoy/go-away.ts NO_ERROR': CODE,
  'src/envoy/read-turns.ts UNKNOWN_WORK': WEIGHT,
  'src/envoy/server.ts LINGER_MS': LEAST,
  'src/envoy/sweep.ts SWEEP_MS': PERIOD,
  'src/kubernetes/client/api-server.ts UNAUTHORIZED': CODE,
  'src/kubernetes/reviews/access-review.ts SHORTEST_TRUST_MS': LEAST,
  'src/kubernetes/reviews/token-owners.ts SETTLED_MS': LEAST,
  'src/kubernetes/status/events.ts PERIOD_MS': PERIOD,
  'src/kubernetes/status/namespace-turns.ts REST_MS_PER_UNIT': WEIGHT,
  'src/kubernetes/status/namespace-turns.ts UNITS_OF_POLICY_STATUS': WEIGHT,
  'src/kubernetes/watch/informers.ts BUG_MS': PERIOD,
  'src/kubernetes/watch/reflector.ts FORBIDDEN': CODE,
  'src/kubernetes/watch/reflector.ts FORBIDDEN_LOOKS': PERIOD,
  'src/kubernetes/watch/reflector.ts GONE': CODE,
  'src/kubernetes/watch/reflector.ts LOOKS': PERIOD,
  'src/kubernetes/watch/reflector.ts NOT_FOUND': CODE,
  'src/manifests/configuration.ts UNITS': WEIGHT,
  'src/manifests/declarations.ts UNITS': WEIGHT,
  'src/manifests/documents.ts SEPARATOR_COLUMN': CODE,
  'src/manifests/documents.ts SEPARATOR_LENGTH': CODE,
  'src/observability/event-loop.ts LOOK_MS': PERIOD,
  'src/observability/event-loop.ts WINDOW_MS': PERIOD,
  'src/resources/secret.ts CARRIAGE_RETURN': CODE,
  'src/resources/secret.ts COMMA': CODE,
  'src/resources/secret.ts DELETE': CODE,
  'src/resources/secret.ts LINE_FEED': CODE,
  'src/resources/secret.ts MIN_BYTES': LEAST,
  'src/resources/secret.ts SPACE': CODE,
  'src/tokens/caching-verifier.ts EXPIRED_MS': USUAL,
  'src/tokens/read-jwk.ts MIN_RSA_BITS': LEAST,
}
