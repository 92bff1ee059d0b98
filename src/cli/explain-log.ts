// The command `explain`: decides a past request of the decision log again, and says what has changed.

import { type AssumedBy, assumedBy, withCredential } from './assume.ts'
import { encodedOf, explain } from './check.ts'
import { checkMessage } from './check-message.ts'
import { type Logged, type LoggedLines, loggedLines } from './decision-log-lines.ts'
import { inFields, UnseenError, UsageError } from './exit-codes.ts'
import { type Explanation, oneLine } from './explanation.ts'
import type { ExplainFlags } from './flags.ts'
import { hintsFor } from './hints.ts'
import { type Look, look } from './look.ts'
import { lookedAt, refuseUnseen } from './unseen.ts'

/** A line, and its request as the service would read it. */
type Asked = {
  readonly logged: Logged
  /** Tells the lines of one request id apart; `''` if there is one. */
  readonly heading: string
  readonly message: unknown
  readonly assumed: AssumedBy | undefined
}

type Told = { readonly allowed: boolean; readonly lines: readonly string[] }

/** Explains lines of the decision log; resolves to the exit code: 0 all are allowed now, 1 one is denied now. */
export function explainLog(flags: ExplainFlags, given: string | undefined): Promise<number> {
  const found = loggedLines(flags, given)
  const asked = found.lines.map((logged, index) => askedOf(logged, headingOf(found, index)))
  return look(
    flags,
    async (seen) => {
      const told: Told[] = []
      for (const each of asked) told.push(await toldOf(each, flags, seen))
      const lines = [
        `configuration: ${seen.configuration}`,
        ...told.flatMap((each) => each.lines),
        ...(found.leftOut === 0 ? [] : [`not explained: ${found.leftOut} newer lines`]),
      ]
      process.stdout.write([...lines, ''].map(oneLine).join('\n'))
      return told.every(({ allowed }) => allowed) ? 0 : 1
    },
    { assumed: asked.flatMap(({ assumed }) => assumed?.inspected ?? []) },
  )
}

function headingOf({ lines, leftOut }: LoggedLines, index: number): string {
  const { position, time } = lines[index] ?? { position: '', time: '' }
  const all = lines.length + leftOut
  return all === 1 ? '' : oneLine(`line ${index + 1} of ${all}: ${position}, ${time}`)
}

const askedOf = (logged: Logged, heading: string): Asked => ({
  logged,
  heading,
  ...naming(heading, () => ({ assumed: callerOf(logged), message: messageOf(logged) })),
})

/** Names the line in the errors of `make`. */
function naming<Made>(heading: string, make: () => Made): Made {
  try {
    return make()
  } catch (error) {
    throw named(heading, error)
  }
}

function named(heading: string, error: unknown): unknown {
  if (heading === '') return error
  if (error instanceof UsageError) return new UsageError(`${error.message} (${heading})`)
  return error instanceof UnseenError ? new UnseenError(`${heading}: ${error.message}`) : error
}

async function toldOf(
  { logged, heading, message, assumed }: Asked,
  flags: ExplainFlags,
  seen: Look,
): Promise<Told> {
  const bytes = encodedOf(withCredential(message, assumed, seen.config))
  const now = await explain(seen.engine, bytes, logged.position, (request, answer) =>
    hintsFor(request, answer, seen),
  )
  naming(heading, () => refuseUnseen(flags, now, seen))
  const partial = [...lookedAt(flags), ...seen.unread.map((each) => `not read: ${each}`)]
  const whole = { ...now, steps: [...partial, ...now.steps] }
  const lines = [...(heading === '' ? [] : [heading]), ...comparison(logged, whole)]
  return { allowed: now.decision === 'allow', lines }
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
