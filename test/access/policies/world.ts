import type { Answer } from '../../../src/access/answer.ts'
import type { Policy } from '../../../src/access/policy.ts'
import type { AccessRequest } from '../../../src/access/request.ts'
import type { Service } from '../../../src/access/service.ts'
import { anAuthorize, aService, atPod, aWorkload } from '../../../testing/builders.ts'
import { authenticateToken, CALLERS, KEYS, type Show } from './callers.ts'
import type { Chance } from './generate.ts'
import type { Who } from './interpreter.ts'

type Held = { readonly service: Service; readonly policies: readonly Policy[] }

/** At the service of the called pod, next to the transformer of team/iris. */
export const deciding = ({ service, policies }: Held) =>
  anAuthorize({
    services: [service],
    workloads: [
      aWorkload({ service, component: service.kind === 'InferenceGraph' ? 'graph' : 'predictor' }),
      aWorkload({
        service,
        name: 'transformer',
        addresses: ['10.0.0.2'],
        component: 'transformer',
      }),
    ],
    keys: KEYS,
    policies,
    authenticateToken,
  })

export function answerOf(authorize: ReturnType<typeof deciding>, request: AccessRequest): Answer {
  const answer = authorize(request)
  if (answer instanceof Promise) throw new Error('every fact is in memory')
  return answer
}

export const verdictOf = ({ decision }: Answer): string =>
  decision.outcome === 'allow' ? 'allow' : decision.reason

export const PATHS: readonly [string, ...string[]] = [
  '/v1/ready',
  '/v1/ready',
  '/v1/models/iris',
  '/v2/x?y=%2f',
  '/v2',
  '/v1//ready',
  '/v2/%78',
]
export const PLAIN: typeof PATHS = ['/v1/ready', '/v1/models/iris', '/v2/x?y=%2f', '/v2']
export const isPlain = (path: string) => !/\/\/|%/.test(path.replace(/[?].*/, ''))

type Asked = {
  readonly request: AccessRequest
  readonly who: Who
  readonly peer: string | undefined
}

export function anAsked({ pick }: Chance, paths = PATHS): Asked {
  const [show, who]: readonly [Show, Who] = pick(CALLERS)
  const method = pick(['GET', 'POST', 'HEAD', 'post'])
  const peer = show.source.principal?.replace('spiffe://', '')
  return { request: atPod({ method, path: pick(paths), ...show }), who, peer }
}

export const SERVICES: readonly [Service, ...Service[]] = [
  aService({ urls: [] }),
  aService({ urls: [], protection: 'open' }),
  aService({ urls: [], protection: 'open', optedOut: true }),
  aService({ urls: [], protection: 'open', kind: 'InferenceGraph' }),
]
