import { credentialSources } from '../../../src/access/credential.ts'
import { exclusionsWith } from '../../../src/access/exclusions.ts'
import type { Position } from '../../../src/access/request.ts'
import { createCheckHandler } from '../../../src/envoy/check-handler.ts'
import { createEncode } from '../../../src/envoy/encode.ts'
import {
  type CheckHandler,
  decodeCheckResponse,
  encodeForeignCheckRequest,
} from '../../../src/envoy/protocol.ts'
import { anApiKey, anAuthorize, anLlm, aService, aWorkload } from '../../../testing/builders.ts'
import { isAllowed } from '../../../testing/envoy/check-client.ts'
import { jsonIn, must, type Target } from '../target.ts'

const KEY = 'iris-key-0123456789'
const TOKEN = 'reader-token'
/** The pod's own account, which may call its own service. */
const OWN_ACCOUNT = 'sa/iris-sa'

const IDENTITY = { user: 'x-user', groups: 'x-groups', credential: 'x-credential' }

const NOTHING_EXCLUDED = exclusionsWith({
  workload: { predictor: [], transformer: [], explainer: [], graph: [], llm: [] },
  gateway: { InferenceService: [], InferenceGraph: [], LLMInferenceService: [] },
})

/** Everything is protected, and each allow needs one of the three credentials above. */
const authorize = anAuthorize({
  services: [
    aService({ urls: ['iris.example.com', 'shared.example.com/iris'] }),
    aService({ name: 'other', urls: ['other.example.com', 'shared.example.com/other'] }),
    aService({ kind: 'InferenceGraph', name: 'flow', urls: ['flow.example.com'] }),
    anLlm(),
  ],
  workloads: [aWorkload()],
  keys: [anApiKey(), anApiKey({ key: 'key-of-another', name: 'expired', expiresAt: 0 })],
  settings: {
    exclusions: NOTHING_EXCLUDED,
    credentialSources: credentialSources(
      ['authorization', 'x-api-key', 'api-key'],
      [{ place: { kind: 'cookie', name: 'session' }, prefix: '' }],
    ),
  },
})

const faults: unknown[] = []

const handlerAt = (position: Position): CheckHandler =>
  createCheckHandler(position, {
    authorize,
    encode: createEncode({ headers: { ...IDENTITY, claims: {} }, realm: 'kubernetes-user' }),
    observe: () => {},
    report: (fault) => faults.push(fault),
    deadlineMs: 60_000,
  })

const HANDLERS = [handlerAt('gateway'), handlerAt('workload')]

const aCall = (request: Buffer): Parameters<CheckHandler>[0] => ({
  request,
  peerAddress: '127.0.0.1',
  deadline: Number.POSITIVE_INFINITY,
})

/** A property of any message: its facts are all in memory, so the answer is synchronous. */
function isAnswered(bytes: Buffer) {
  for (const handler of HANDLERS) {
    const replies: { readonly error: unknown; readonly reply: Buffer }[] = []
    handler(aCall(bytes), (error, reply) => replies.push({ error, reply }))
    const [first] = replies
    must(replies.length === 1 && first !== undefined, 'does not get exactly one answer')
    must(first.error === null, 'gets a gRPC error')
    must(faults.length === 0, `is a fault: ${String(faults.splice(0)[0])}`)
    isGood(first.reply, bytes)
  }
}

function isGood(reply: Buffer, request: Buffer) {
  const { status, ok_response: ok, denied_response: denied } = decodeCheckResponse(reply)
  must(status !== undefined, 'is answered without a status')
  must((ok === undefined) !== (denied === undefined), 'is answered with both or neither')
  const allowed = isAllowed({ status })
  must(allowed === (ok !== undefined), 'is answered with a status that contradicts the rest')
  must(!reply.includes(KEY) && !reply.includes(TOKEN), 'gets an answer with a credential')
  if (!allowed) return
  const shown = [KEY, TOKEN, OWN_ACCOUNT].some((each) => request.includes(each))
  must(shown, 'is allowed without a credential')
  const ours = new Set([
    ...(ok?.headers_to_remove ?? []),
    ...(ok?.headers ?? []).map(({ header }) => header.key),
  ])
  const left = Object.values(IDENTITY).filter((name) => !ours.has(name))
  must(left.length === 0, 'is allowed with an identity that the client chose')
}

const WORDS = [
  KEY,
  TOKEN,
  'key-of-another',
  'Bearer ',
  'authorization',
  'x-api-key',
  'cookie',
  'session=',
  'x-user',
  'x_user',
  'X-User',
  'connection',
  'content-type',
  'application/grpc',
  'x-gateway-model-name',
  'publishers/llm/models/meta/llama',
  'iris.example.com',
  'flow.example.com',
  '/llm/chat/v1/chat/completions',
  '/../',
  '%2e%2e',
  ':path',
  ':authority',
  '10.0.0.1',
  '::ffff:10.0.0.1',
  `spiffe://cluster.local/ns/team/${OWN_ACCOUNT}`,
  'headers',
  'header_map',
  'raw_value',
]

export const checkBytes: Target = {
  name: 'check-bytes',
  form: 'bytes',
  words: WORDS,
  run: isAnswered,
}

/** The message as JSON with proto field names. */
export const checkMessage: Target = {
  name: 'check-message',
  form: 'json',
  words: WORDS,
  run: (input) => {
    const bytes = encodeForeignCheckRequest(jsonIn(input))
    if (bytes !== undefined) isAnswered(bytes)
  },
}
