// Asks replicas of the service for the last denial of each service.

import { idOf, SERVICE_KINDS, type ServiceId, type ServiceRef } from '../access/service.ts'
import { errorCode } from '../common/error-code.ts'
import { isRecord, parseJson, readText } from '../common/json.ts'
import { isHttpUrl, isSecureUrl } from '../common/secure-url.ts'
import { DENIALS_PATH } from '../observability/http.ts'
import { readTimestamp } from '../resources/timestamp.ts'
import { UnseenError, UsageError } from './exit-codes.ts'
import type { ServicesFlags } from './flags.ts'
import { readInputOrStdin } from './read-input.ts'

/** The last denial of a service, as a replica tells it. */
export type LastDenial = {
  readonly time: string
  readonly reason: string
  readonly position: string
}

export type LastDenialOf = (service: ServiceRef) => LastDenial | undefined

type Asked = { readonly url: URL; readonly token: string | undefined }

/** Longest wait for an answer, in milliseconds. */
const ANSWER_MS = 10_000
/** Longest answer: room for the names of all services whose denials a replica keeps. */
export const ANSWER_BYTES = 8_388_608

/** The replicas of the command line; `undefined`: none is named. Throws a UsageError. */
export function replicasOf({
  replica: urls,
  replicaTokenFile: file,
  watch,
}: Pick<ServicesFlags, 'replica' | 'replicaTokenFile' | 'watch'>): readonly Asked[] | undefined {
  if (urls.length === 0) {
    if (file === undefined) return undefined
    throw new UsageError('--replica-token-file: has no effect without --replica')
  }
  if (watch === true) throw new UsageError('--replica and --watch: give one of them')
  if (!urls.every(isOrigin))
    throw new UsageError('--replica: expected the address of an HTTP port, http://HOST:PORT')
  if (file !== undefined && !urls.every(isSecureUrl)) throw new UsageError(INSECURE)
  const token = file === undefined ? undefined : tokenIn(file)
  return urls.map((url) => ({ url: new URL(DENIALS_PATH, url), token }))
}

const INSECURE =
  '--replica-token-file: a token is sent over https, or to a loopback address such as that of kubectl port-forward'

function isOrigin(text: string): boolean {
  const url = URL.parse(text)
  return isHttpUrl(text) && url !== null && url.pathname === '/' && url.search === ''
}

const TOKEN = /^[\x21-\x7e]+$/

function tokenIn(file: string): string {
  const token = readInputOrStdin('--replica-token-file', file).trim()
  if (!TOKEN.test(token)) throw new UsageError('--replica-token-file: expected a token')
  return token
}

/** Asks all replicas; of several denials of a service the latest one counts. Rejects with an UnseenError. */
export async function askReplicas(replicas: readonly Asked[]): Promise<LastDenialOf> {
  const answers = await Promise.all(replicas.map(ask))
  const troubles = answers.flatMap((each) => ('trouble' in each ? [each.trouble] : []))
  if (troubles.length > 0) throw new UnseenError('cannot ask for the last denials', troubles)
  const latest = new Map<ServiceId, LastDenial>()
  for (const [id, denial] of answers.flatMap((each) => ('denials' in each ? each.denials : []))) {
    const other = latest.get(id)
    if (other === undefined || other.time < denial.time) latest.set(id, denial)
  }
  return (service) => latest.get(idOf(service))
}

type Denials = readonly (readonly [ServiceId, LastDenial])[]
type Answer = { readonly denials: Denials } | { readonly trouble: string }

async function ask({ url, token }: Asked): Promise<Answer> {
  try {
    const response = await fetch(url, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      // A redirect would carry the token elsewhere.
      redirect: 'manual',
      signal: AbortSignal.timeout(ANSWER_MS),
    })
    const { status, body } = response
    if (status !== 200) {
      await body?.cancel()
      return { trouble: `${url.href}: status ${status}${MEANINGS[status] ?? ''}` }
    }
    const text = body === null ? '' : await readText(body, ANSWER_BYTES)
    const denials = text === undefined ? undefined : readDenials(text)
    return denials === undefined
      ? { trouble: `${url.href}: not an answer of kserve-authz` }
      : { denials }
  } catch (error) {
    return { trouble: `${url.href}: no answer (${codeOf(error)})` }
  }
}

/** `fetch` has the code of a failed connection as the cause of its error. */
const codeOf = (error: unknown): string =>
  errorCode(error instanceof Error ? error.cause : error) ??
  (error instanceof Error ? error.name : 'unknown error')

const MEANINGS: Readonly<Partial<Record<number, string>>> = {
  401: ': give a Kubernetes token with --replica-token-file',
  403: ': the user of the token may not get the path /metrics',
  404: ': the replica keeps no denials; metrics.perService is false, or its version is older',
}

/** `undefined`: not an answer of this page. Entries that cannot be read are left out. */
export function readDenials(text: string): Denials | undefined {
  const value = parseJson(text)?.value
  const list: unknown = isRecord(value) ? value.denials : undefined
  return Array.isArray(list) ? list.flatMap(readDenial) : undefined
}

function readDenial(value: unknown): Denials {
  if (!isRecord(value)) return []
  const { namespace, name, time, reason, position } = value
  const kind = SERVICE_KINDS.find((each) => each === value.kind)
  if (kind === undefined || typeof namespace !== 'string' || typeof name !== 'string') return []
  const at = typeof time === 'string' ? readTimestamp(time) : undefined
  if (at === undefined || !isWord(reason) || !isWord(position)) return []
  return [[idOf({ kind, namespace, name }), { time: new Date(at).toISOString(), reason, position }]]
}

/** A newer replica may know more reasons. */
const isWord = (value: unknown): value is string =>
  typeof value === 'string' && /^[a-z][a-z-]{0,63}$/.test(value)
