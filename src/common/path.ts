// Canonical paths, their prefixes and segments.

/** The path of a request target: everything before the first `?`. */
export function pathOf(target: string): string {
  const query = target.indexOf('?')
  return query < 0 ? target : target.slice(0, query)
}

// No percent-encoding, `;`, `,`, backslash, `#`, control or non-ASCII byte; no `.` or `..` segment.
const SEGMENT = "(?!\\.{1,2}(?:/|$))[A-Za-z0-9._~!$&'()*+=:@-]+"
const CANONICAL = new RegExp(`^/(?:${SEGMENT}(?:/${SEGMENT})*/?)?$`)
export const MAX_CANONICAL_LENGTH = 8_192

/** Whether every parser of this path (without its query) sees the same segments. */
export const isCanonicalPath = (path: string): boolean =>
  path.length <= MAX_CANONICAL_LENGTH && CANONICAL.test(path)

/** Whether a canonical path has a prefix of whole segments: `/docs` covers `/docs` and `/docs/a`, not `/docs-admin`. */
export const hasPrefix = (path: string, prefix: string): boolean =>
  path.startsWith(prefix) && (path.length === prefix.length || path[prefix.length] === '/')

/** `''`, then each longer run of leading segments, at most `depth`: `/a/b` gives `''`, `/a`, `/a/b`. */
export function leadingPaths(path: string, depth: number): readonly string[] {
  const paths = ['']
  let end = 0
  for (let segments = 0; segments < depth && end < path.length; segments += 1) {
    const next = path.indexOf('/', end + 1)
    end = next < 0 ? path.length : next
    if (end > 1) paths.push(path.slice(0, end))
  }
  return paths
}

/**
 * Whether a path is the root or belongs to an API that many model servers have: KServe's protocols, OpenAI's,
 * vLLM's. Any other path belongs to one service.
 */
export const isProtocolPath = (path: string): boolean =>
  PROTOCOLS.has(path.slice(1, path.indexOf('/', 1) < 0 ? undefined : path.indexOf('/', 1)))

const PROTOCOLS: ReadonlySet<string> = new Set([
  '',
  'v1',
  'v2',
  'v3',
  'openai',
  'inference.GRPCInferenceService',
  'grpc.health.v1.Health',
  'health',
  'healthz',
  'metrics',
  'ping',
  'version',
  'docs',
  'openapi.json',
  'load',
  'models',
  'invocations',
  'generate',
  'generate_stream',
  'tokenize',
  'detokenize',
  'pooling',
  'classify',
  'score',
  'rerank',
  'embed',
  'embeddings',
  'completions',
  'chat',
  'responses',
  'messages',
])

/** The deepest path of a route, in segments. */
export const MAX_ROUTE_SEGMENTS = 16

// A segment that some parser may read as `..`: after decoding, with a backslash as a slash, or with
// parameters removed. `%25` may be decoded twice, and only lax decoders read what follows `%c0`.
const LEADING_OUT = /(?:[/\\]|%2f|%5c)(?:\.|%2e){1,2}(?=[/\\;]|%2f|%5c|%3b|$)|%25|%c0/i

/**
 * Whether the leading segments of a path are unambiguous although the path is not canonical: no later segment
 * leads back to them, and the segments that select the model are plain. A publisher's model may have any
 * number of segments, so then all must be plain.
 */
export function leadsPlainly(path: string): boolean {
  const [, first = '', second] = path.split('/', 3)
  return (
    first !== 'publishers' && isPlain(first) && isPlain(second ?? 'none') && !LEADING_OUT.test(path)
  )
}

/** The unambiguous leading segments of a path; `''`: not even the first. */
export function plainLead(path: string): string {
  let end = 0
  for (const segment of path.split('/', MAX_ROUTE_SEGMENTS + 1).slice(1)) {
    if (!isPlain(segment)) break
    end += segment.length + 1
  }
  return path.slice(0, end)
}

const isPlain = (segment: string): boolean => segment !== '' && isCanonicalPath(`/${segment}`)
