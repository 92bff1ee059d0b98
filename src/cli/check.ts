// The command `check`: decides one request and explains the answer.

import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { Position } from '../access/request.ts'
import { type Engine, openEngine } from '../app/engine.ts'
import { proxiesIn } from '../app/identity-providers.ts'
import { parseJson } from '../common/json.ts'
import { encodeAnswer } from '../envoy/check-handler.ts'
import {
  decodeCheckRequest,
  decodeCheckResponse,
  encodeForeignCheckRequest,
} from '../envoy/protocol.ts'
import { readCheckRequest } from '../envoy/read-request.ts'
import { checkMessage, UsageError } from './check-message.ts'
import { type Explanation, format, oneLine } from './explanation.ts'
import type { CheckFlags } from './program.ts'
import { configOf } from './serve.ts'

/** Decides one request and prints the answer; resolves to the exit code: 0 allow, 1 deny. */
export async function check(flags: CheckFlags, method?: string, url?: string): Promise<number> {
  const bytes = messageOf(flags, method, url)
  const { config: file, manifests } = flags
  const config = configOf({
    ...(file === undefined ? {} : { config: file }),
    ...(manifests === undefined ? {} : { manifests }),
  })
  const engine = await openEngine({
    config,
    manifests,
    reportProblem: ({ object, message }) =>
      process.stderr.write(`${oneLine(`${object}: ${message}`)}\n`),
    reportFault: (message) => process.stderr.write(`${message}\n`),
    proxies: proxiesIn(process.env),
    reportOutage: (resource, message) => process.stderr.write(`${resource}: ${message}\n`),
  })
  try {
    await untilSynced(engine)
    const explanation = await explain(engine, bytes, positionOf(flags, bytes, engine))
    process.stdout.write(format(explanation, flags.output ?? 'text'))
    return explanation.decision === 'allow' ? 0 : 1
  } finally {
    await engine.close()
  }
}

const SYNC_MS = 10_000

/** Waits until the cluster has been read, for at most SYNC_MS. */
async function untilSynced({ synced }: Engine) {
  const end = performance.now() + SYNC_MS
  while (!synced() && performance.now() < end) await delay(20)
}

function messageOf(flags: CheckFlags, method?: string, url?: string): Buffer {
  const { request } = flags
  if (request === undefined) {
    if (method === undefined || url === undefined) {
      throw new UsageError('check: give METHOD and URL, or --request FILE')
    }
    return encodedOf(checkMessage(flags, method, url), 'the request')
  }
  const { destination, source, principal, header } = flags
  const described = [method, destination, source, principal, header[0]]
  if (described.some((part) => part !== undefined)) {
    throw new UsageError(
      'check: --request FILE cannot be combined with METHOD, --destination, --source, --principal or --header',
    )
  }
  return encodedOf(parsed(readFileSync(request, 'utf8'), request), request)
}

function encodedOf(message: unknown, name: string): Buffer {
  const bytes = encodeForeignCheckRequest(message)
  if (bytes === undefined)
    throw new UsageError(`${name}: not a CheckRequest with proto field names`)
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
  const { request: read } = readCheckRequest(decodeCheckRequest(bytes), 'workload')
  const address = read?.destination.address
  return address !== undefined && directory.workloadsAt(address).length > 0 ? 'workload' : 'gateway'
}

/** Decides the bytes of a CheckRequest exactly as the server does. */
export async function explain(
  { authorize, encode }: Pick<Engine, 'authorize' | 'encode'>,
  bytes: Buffer,
  position: Position,
): Promise<Explanation> {
  const steps: string[] = []
  const incoming = readCheckRequest(decodeCheckRequest(bytes), position)
  if (incoming.request === undefined) steps.push('request: cannot be read unambiguously')
  const answer = await authorize(incoming.request, (step) => steps.push(step))
  const told = new Set(steps)
  const verdict = await answer.shadowCheck?.(
    (step) => told.has(step) || steps.push(`shadow: ${step}`),
  )
  if (verdict !== undefined) steps.push(`shadow: ${verdict.decision} ${verdict.reason}`.trim())
  const reply = decodeCheckResponse(encodeAnswer(encode, incoming, answer))
  const { decision, target } = answer
  const given = reply.ok_response?.headers ?? reply.denied_response?.headers ?? []
  return {
    decision: decision.outcome,
    reason: decision.outcome === 'deny' ? decision.reason : '',
    httpStatus: reply.denied_response?.status?.code ?? 200,
    target: target === undefined ? null : nameOf(target.service),
    position: target?.position ?? null,
    steps,
    headers: {
      set: Object.fromEntries(given.map(({ header }) => [header.key, shown(header)])),
      remove: reply.ok_response?.headers_to_remove ?? [],
    },
  }
}

const nameOf = ({ kind, namespace, name }: { kind: string; namespace: string; name: string }) =>
  `${kind} ${namespace}/${name}`

/** The other cookies are secrets, too, and an id may be any text of the client. */
const shown = ({ key, value = '' }: { key: string; value?: string }): string =>
  HIDDEN.get(key) ?? value

const HIDDEN: ReadonlyMap<string, string> = new Map([
  ['cookie', '(without the credential)'],
  ['x-request-id', "(the request's)"],
  ['request-id', "(the request's)"],
])
