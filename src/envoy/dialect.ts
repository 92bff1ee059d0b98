// The format of a denial's body: plain, OpenAI, Anthropic, gRPC or HTML.

import type { DenyReason } from '../access/decision.ts'
import type { ServiceKind } from '../access/service.ts'
import { hasPrefix, pathOf } from '../common/path.ts'
import type { Denial, Dialect } from './denials.ts'

/** The ends of paths, under any prefix. The first match counts. */
const ENDS: readonly (readonly [end: RegExp, dialect: Dialect])[] = [
  // KServe's V1 protocol; the OpenAI API has no verb after a colon.
  [/\/v1\/models\/[^/:]+:[^/]+$/, 'plain'],
  // KServe's V2 protocol.
  [/\/v2\/(?:models|health|repository)(?:\/|$)/, 'plain'],
  [/\/threads\/[^/]+\/messages$/, 'openai'],
  [/\/messages(?:\/count_tokens)?$/, 'anthropic'],
  [/\/(?:completions|embeddings|responses|models)$/, 'openai'],
]

/** The status of a model in KServe's V1 protocol; for other services the model of the OpenAI API. */
const KSERVE_STATUS = /(?<!\/openai)\/v1\/models\/[^/:]+$/

/** The dialect of a request target, without its `routePrefix`, at a service of this kind. */
export function dialectOf(
  target: string,
  routePrefix: string,
  grpc: boolean,
  kind?: ServiceKind,
): Dialect {
  if (grpc) return 'grpc'
  const full = pathOf(target)
  const path = plainly(hasPrefix(full, routePrefix) ? full.slice(routePrefix.length) : full)
  if (kind === 'InferenceService' && KSERVE_STATUS.test(path)) return 'plain'
  const found = ENDS.find(([end]) => end.test(path))
  if (found !== undefined) return found[1]
  if (hasPrefix(path, '/v1/messages')) return 'anthropic'
  return path.startsWith('/v1/') || path.startsWith('/openai/') ? 'openai' : 'plain'
}

/** Without slashes at its end and without encoded colons. */
function plainly(path: string): string {
  let end = path.length
  while (path.endsWith('/', end)) end -= 1
  return path.slice(0, end).replaceAll(/%3a/gi, ':')
}

/** What a client reads: the phrase of the reason, and what to do. */
export const messageOf = (dialect: Dialect, { phrase, advice }: Denial): string =>
  `${phrase}: ${advice[dialect] ?? advice.any}`

/** The body of a denial. `requestId`: an id to quote. */
export function bodyOf(
  dialect: Dialect,
  reason: DenyReason,
  denial: Denial,
  requestId?: string,
): string {
  const { httpStatus } = denial
  const message = messageOf(dialect, denial)
  switch (dialect) {
    case 'grpc':
      return message
    case 'html':
      return pageOf(httpStatus, message)
    case 'plain':
      return JSON.stringify({ error: message })
    case 'openai':
      return JSON.stringify({
        error: { message, type: OPENAI_TYPES[httpStatus], param: null, code: reason },
      })
    case 'anthropic':
      return JSON.stringify({
        type: 'error',
        error: { type: ANTHROPIC_TYPES[httpStatus], message },
        request_id: requestId,
      })
  }
}

/** Fixed text, without anything of the request. */
const pageOf = (httpStatus: number, message: string): string =>
  '<!doctype html><html lang="en"><head><meta charset="utf-8">' +
  `<title>${httpStatus}</title></head><body><h1>${httpStatus}</h1><p>${escaped(message)}</p></body></html>`

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const escaped = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (character) => ESCAPES[character] ?? '')

const OPENAI_TYPES: Readonly<Record<Denial['httpStatus'], string>> = {
  401: 'authentication_error',
  403: 'permission_error',
  500: 'server_error',
  503: 'server_error',
}

const ANTHROPIC_TYPES: Readonly<Record<Denial['httpStatus'], string>> = {
  401: 'authentication_error',
  403: 'permission_error',
  500: 'api_error',
  503: 'overloaded_error',
}
