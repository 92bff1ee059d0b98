// The format of a denial's body: plain, OpenAI, Anthropic or gRPC.

import type { DenyReason } from '../access/decision.ts'
import { hasPrefix, pathOf } from '../common/path.ts'
import type { Denial } from './denials.ts'

/** The error format that the client of a path expects. gRPC clients read the status only. */
export const DIALECTS = ['plain', 'openai', 'anthropic', 'grpc'] as const
export type Dialect = (typeof DIALECTS)[number]

// KServe's V1 protocol; the OpenAI API has no verb after a colon.
const KSERVE_V1 = /^\/v1\/models\/[^/:]+:[^/]+$/

/** The dialect of a request target, without its `routePrefix`. */
export function dialectOf(target: string, routePrefix: string, grpc: boolean): Dialect {
  if (grpc) return 'grpc'
  const full = pathOf(target)
  const path = hasPrefix(full, routePrefix) ? full.slice(routePrefix.length) : full
  if (KSERVE_V1.test(path)) return 'plain'
  if (hasPrefix(path, '/v1/messages')) return 'anthropic'
  return path.startsWith('/v1/') || path.startsWith('/openai/') ? 'openai' : 'plain'
}

/** The body of a denial; `undefined` for none. */
export function bodyOf(dialect: Dialect, reason: DenyReason, denial: Denial): string | undefined {
  const { phrase, httpStatus } = denial
  switch (dialect) {
    case 'grpc':
      return undefined
    case 'plain':
      return JSON.stringify({ error: phrase })
    case 'openai':
      return JSON.stringify({
        error: { message: phrase, type: OPENAI_TYPES[httpStatus], param: null, code: reason },
      })
    case 'anthropic':
      return JSON.stringify({
        type: 'error',
        error: { type: ANTHROPIC_TYPES[httpStatus], message: phrase },
      })
  }
}

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
