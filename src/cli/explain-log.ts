// The command `explain`: decides a past request of the decision log again, and says what has changed.

import { isRecord, parseJson } from '../common/json.ts'
import { textAt } from '../resources/object.ts'
import { type AssumedBy, assumedBy, withCredential } from './assume.ts'
import { encodedOf, explain } from './check.ts'
import { checkMessage } from './check-message.ts'
import { inFields, UnseenError, UsageError } from './exit-codes.ts'
import { type Explanation, oneLine } from './explanation.ts'
import type { ExplainFlags } from './flags.ts'
import { hintsFor } from './hints.ts'
import { look } from './look.ts'
import { readInputOrStdin } from './read-input.ts'
import { lookedAt, refuseUnseen } from './unseen.ts'

/** A line of the decision log, as far as it can be decided again. */
type Logged = {
  readonly time: string
  readonly position: 'workload' | 'gateway'
  readonly method: string
  readonly host: string
  readonly path: string
  readonly source: string
  readonly principal: string
  readonly destination: string
  readonly target: string
  readonly decision: string
  readonly reason: string
  readonly credentialKind: string
  readonly credential: string
  readonly because: string
}

/** Explains one line of the decision log; resolves to the exit code: 0 allowed now, 1 denied now. */
export function explainLog(flags: ExplainFlags, given: string | undefined): Promise<number> {
  const logged = lineOf(flags, given)
  const assumed = callerOf(logged)
  const message = messageOf(logged)
  return look(
    flags,
    async (seen) => {
      const bytes = encodedOf(withCredential(message, assumed, seen.config))
      const now = await explain(seen.engine, bytes, logged.position, (request, answer) =>
        hintsFor(request, answer, seen),
      )
      refuseUnseen(flags, now, seen)
      const partial = [...lookedAt(flags), ...seen.unread.map((each) => `not read: ${each}`)]
      const whole = { ...now, steps: [...partial, ...now.steps] }
      const lines = [`configuration: ${seen.configuration}`, ...comparison(logged, whole)]
      process.stdout.write([...lines, ''].map(oneLine).join('\n'))
      return now.decision === 'allow' ? 0 : 1
    },
    assumed === undefined ? [] : [assumed.inspected],
  )
}

function comparison(then: Logged, now: Explanation): readonly string[] {
  const was = verdictOf(then.decision, then.reason)
  const is = verdictOf(now.decision, now.reason)
  const target = now.target?.replace(/^\S+ /, '') ?? ''
  const changes = [
    ...(was === is ? [] : [`the decision, from ${was} to ${is}`]),
    ...(then.target === target
      ? []
      : [`the service, from ${then.target || 'none'} to ${target || 'none'}`]),
  ]
  return [
    `then: ${was}${then.because === '' ? '' : `, ${then.because}`} (${then.time})`,
    `now: ${is}`,
    `changed: ${changes.join('; ') || 'nothing'}`,
    ...now.steps.map((step) => `  ${step}`),
  ]
}

const verdictOf = (decision: string, reason: string) =>
  decision === 'allow' ? 'ALLOW' : `DENY ${reason}`

/** The line of the argument, or the line of the input with the request id. */
function lineOf({ requestId }: ExplainFlags, given = '-'): Logged {
  const text = given === '-' ? readInputOrStdin('explain', given) : given
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const read = lines.flatMap((line) => readLine(line) ?? [])
  const found = requestId === undefined ? read : read.filter((each) => each.requestId === requestId)
  const [first, ...others] = found
  if (first === undefined)
    throw new UsageError(
      requestId === undefined
        ? 'explain: expected a line of the decision log, a JSON object with decision and position'
        : `explain: no line has the request id ${requestId}`,
    )
  if (others.length > 0)
    throw new UsageError(`explain: ${found.length} lines; give one, or --request-id ID`)
  return first
}

function readLine(text: string): (Logged & { readonly requestId: string }) | undefined {
  const line = parseJson(text)?.value
  const of = (name: string): string => textAt(line, name) ?? ''
  const position = of('position')
  if (!isRecord(line) || of('decision') === '') return undefined
  if (position !== 'workload' && position !== 'gateway') return undefined
  const because = [of('detail'), of('decidedBy')].filter((each) => each !== '')
  return {
    requestId: of('requestId'),
    time: of('time'),
    position,
    method: of('method'),
    host: of('host'),
    path: of('path'),
    source: of('source'),
    principal: of('principal'),
    destination: of('destination'),
    target: of('name') === '' ? '' : `${of('namespace')}/${of('name')}`,
    decision: of('decision'),
    reason: of('reason'),
    credentialKind: of('credentialKind'),
    credential: of('credential'),
    because: because.join(', '),
  }
}

function messageOf({ source, principal, destination, method, host, path }: Logged): unknown {
  const given = {
    header: [],
    ...(source === '' ? {} : { source }),
    ...(principal === '' ? {} : { principal }),
    ...(destination === '' ? {} : { destination }),
  }
  if (method === '' || host === '')
    throw new UsageError('explain: the line has no method or no host')
  return inFields('explain: the line', () => checkMessage(given, method, `http://${host}${path}`))
}

/** Denials because of a credential of which the log has nothing. */
const UNKNOWN_CREDENTIALS: ReadonlySet<string> = new Set([
  'malformed-credential',
  'ambiguous-credential',
  'credential-too-long',
  'unknown-api-key',
  'invalid-token',
  'expired-token',
  'wrong-audience',
  'unknown-issuer',
])

/** The caller of the line, if the log names it; a credential itself is never in the log. */
function callerOf({ credentialKind, credential, reason, because, ...asked }: Logged) {
  const named = NAMED[credentialKind]?.(credential) ?? keyIn(reason, credential)
  if (named !== undefined) return named
  if (credentialKind === 'jwt' || UNKNOWN_CREDENTIALS.has(reason)) {
    throw new UnseenError(`cannot decide again, ${reason || 'the caller presented a JWT'}`, [
      'the credential is not in the log',
      ...(because === '' ? [] : [because]),
      `with the credential: kserve-authz check -H @FILE ${asked.method} http://${asked.host}${asked.path}`,
    ])
  }
  return undefined
}

const NONE = { asGroup: [], header: [] }

const NAMED: Readonly<Partial<Record<string, (credential: string) => AssumedBy | undefined>>> = {
  'api-key': (asKey) => assumedBy({ ...NONE, asKey }),
  kubernetes: (credential) =>
    assumedBy({ ...NONE, as: `system:serviceaccount:${credential.replace('/', ':')}` }),
}

const keyIn = (reason: string, credential: string): AssumedBy | undefined =>
  reason === 'expired-api-key' && credential !== ''
    ? assumedBy({ ...NONE, asKey: credential })
    : undefined
