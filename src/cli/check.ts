// The command `check`: decides one request and explains the answer.

import type { Answer } from '../access/answer.ts'
import type { AccessRequest, Position } from '../access/request.ts'
import { keysNamed } from '../app/assumed.ts'
import type { Engine } from '../app/engine.ts'
import { parseJson } from '../common/json.ts'
import { didYouMean } from '../config/did-you-mean.ts'
import { encodeAnswer } from '../envoy/check-handler.ts'
import { decodeCheckResponse, encodeForeignCheckRequest } from '../envoy/protocol.ts'
import { readCheck } from '../envoy/read-request.ts'
import { displayNameOf } from '../resources/object.ts'
import type { Problem } from '../resources/problem.ts'
import { assumedBy, withCredential } from './assume.ts'
import { checkMessage, headerLines } from './check-message.ts'
import { readCheckRequestJson } from './check-request-json.ts'
import { UsageError } from './exit-codes.ts'
import { type Explanation, format } from './explanation.ts'
import type { CheckFlags } from './flags.ts'
import { hintsFor } from './hints.ts'
import { look, once, problemLine } from './look.ts'
import { readInputOrStdin } from './read-input.ts'
import { lookedAt, refuseUnseen } from './unseen.ts'
import { withoutEffect } from './without-effect.ts'

/** Decides one request and prints the answer; resolves to the exit code: 0 allow, 1 deny. */
export async function check(flags: CheckFlags, method?: string, url?: string): Promise<number> {
  if (flags.manifests !== undefined && flags.namespace !== undefined)
    throw new UsageError('--namespace: has no effect with --manifests; it is for a cluster')
  const assumed = assumedBy(flags)
  const problems: Problem[] = []
  const message = messageOf(flags, method, url)
  return look(
    flags,
    async (seen) => {
      const { engine, config, configuration, unread } = seen
      const bytes = encodedOf(withCredential(message, assumed, config))
      refuseUnknownKey(flags, engine)
      const position = positionOf(flags, bytes, engine)
      withoutEffect(flags, position).forEach(once((line) => line))
      const explanation = await explain(engine, bytes, position, (request, answer) =>
        hintsFor(request, answer, seen),
      )
      refuseUnseen(flags, explanation, seen)
      problemsAbout(explanation, problems).forEach(once(problemLine))
      const partial = [...lookedAt(flags), ...unread.map((each) => `not read: ${each}`)]
      const whole = { ...explanation, steps: [...partial, ...explanation.steps] }
      process.stdout.write(format({ configuration, ...whole }, flags.output ?? 'text'))
      return explanation.decision === 'allow' ? 0 : 1
    },
    {
      assumed: assumed === undefined ? [] : [assumed.inspected],
      reportProblem: (problem) => problems.push(problem),
    },
  )
}

/** The problems of objects in the namespace of the target, and of those in none; without a target all. */
const problemsAbout = ({ target }: Explanation, problems: readonly Problem[]) => {
  const [, namespace] = target === null ? [] : target.split(/[ /]/)
  return namespace === undefined
    ? problems
    : problems.filter(({ object }) => !object.includes('/') || object.includes(` ${namespace}/`))
}

function refuseUnknownKey({ asKey }: CheckFlags, { directory }: Engine) {
  if (asKey === undefined || keysNamed(directory, asKey).length > 0) return
  const known = [...directory.keys.values()].map(({ namespace, name }) => `${namespace}/${name}`)
  throw new UsageError(`--as-key: no API key has this name${didYouMean(asKey, known)}`)
}

function messageOf(flags: CheckFlags, method?: string, url?: string): unknown {
  const { request } = flags
  if (request === undefined) {
    if (method === undefined || url === undefined) {
      throw new UsageError('check: give METHOD and URL, or --request FILE')
    }
    return checkMessage({ ...flags, header: headerLines(flags.header) }, method, url)
  }
  const { destination, source, principal, header } = flags
  const described = [method, destination, source, principal, header[0]]
  if (described.some((part) => part !== undefined)) {
    throw new UsageError(
      'check: --request FILE cannot be combined with METHOD, --destination, --source, --principal or --header',
    )
  }
  const name = request === '-' ? 'the standard input' : request
  const text = readInputOrStdin('--request', request)
  const { message, problems } = readCheckRequestJson(parsed(text, name))
  if (problems.length > 0)
    throw new UsageError(problems.map((each) => `${name}: ${each}`).join('\n'))
  return message
}

/** The bytes of a message. Throws a UsageError. */
export function encodedOf(message: unknown): Buffer {
  const bytes = encodeForeignCheckRequest(message)
  if (bytes === undefined) throw new UsageError('the request: not a CheckRequest')
  return bytes
}

function parsed(text: string, name: string): unknown {
  const content = parseJson(text, bytesAsBase64)
  if (content === undefined) throw new UsageError(`${name}: not JSON`)
  return content.value
}

/** Captures encode bytes as `{$utf8, $base64}`, proto3's JSON as base64 only. */
const bytesAsBase64 = (_key: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && '$base64' in value ? value.$base64 : value

/**
 * For METHOD and URL, the flags determine the position. A CheckRequest does not contain it: with the address
 * of a known pod as its destination it counts as a workload's.
 */
function positionOf(
  { position, destination, request }: CheckFlags,
  bytes: Buffer,
  { directory }: Pick<Engine, 'directory'>,
): Position {
  if (position !== undefined) return position
  if (request === undefined) return destination === undefined ? 'gateway' : 'workload'
  const { request: read } = readCheck(bytes, { position: 'workload' })
  const address = read?.destination.address
  return address !== undefined && directory.workloadsAt(address).length > 0 ? 'workload' : 'gateway'
}

/** Decides the bytes of a CheckRequest exactly as the server does. */
export async function explain(
  { authorize, encode }: Pick<Engine, 'authorize' | 'encode'>,
  bytes: Buffer,
  position: Position,
  hints: (request: AccessRequest, answer: Answer) => readonly string[] = () => [],
): Promise<Explanation> {
  const steps: string[] = []
  const incoming = readCheck(bytes, { position })
  if (incoming.request === undefined) steps.push('request: cannot be read unambiguously')
  const answer = await authorize(incoming.request, (step) => steps.push(step))
  const told = new Set(steps)
  const verdict = await answer.shadowCheck?.(
    (step) => told.has(step) || steps.push(`shadow: ${step}`),
  )
  if (verdict !== undefined) steps.push(`shadow: ${verdict.decision} ${verdict.reason}`.trim())
  if (incoming.request !== undefined) {
    for (const hint of hints(incoming.request, answer)) steps.push(`hint: ${hint}`)
  }
  const reply = decodeCheckResponse(encodeAnswer(encode, incoming, answer))
  const { decision, target } = answer
  const given = reply.ok_response?.headers ?? reply.denied_response?.headers ?? []
  return {
    decision: decision.outcome,
    reason: decision.outcome === 'deny' ? decision.reason : '',
    httpStatus: reply.denied_response?.status?.code ?? 200,
    target: target === undefined ? null : displayNameOf(target.service),
    position: target?.position ?? null,
    steps,
    headers: {
      set: Object.fromEntries(given.map(({ header }) => [header.key, shown(header)])),
      remove: reply.ok_response?.headers_to_remove ?? [],
    },
  }
}

/** The other cookies are secrets, too, and an id may be any text of the client. */
const shown = ({ key, value = '' }: { key: string; value?: string }): string =>
  HIDDEN.get(key) ?? value

const HIDDEN: ReadonlyMap<string, string> = new Map([
  ['cookie', '(without the credential)'],
  ['x-request-id', "(the request's)"],
  ['request-id', "(the request's)"],
])
