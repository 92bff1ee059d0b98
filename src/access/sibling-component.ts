import type { Caller } from './caller.ts'
import type { Directory } from './directory.ts'
import { readPrincipal } from './principal.ts'
import type { AccessRequest } from './request.ts'
import { idOf } from './service.ts'
import { serviceAccountCaller } from './service-account-caller.ts'
import type { Target } from './target.ts'

/**
 * The part of the same service that is calling: its transformer or explainer calls its predictor, the
 * pods of one LLMInferenceService call each other. Both the address and the certificate must be the
 * pod's, so a call through another proxy is nobody's.
 */
export function siblingComponent(
  { source }: AccessRequest,
  { service, workload: called }: Target,
  directory: Pick<Directory, 'workloadsAt'>,
  trustDomain: string,
): Caller | undefined {
  if (called === undefined || source.address === undefined || source.principal === undefined) {
    return undefined
  }
  if (called.component !== 'predictor' && called.component !== 'llm') return undefined
  const principal = readPrincipal(source.principal)
  if (principal === undefined || principal.trustDomain !== trustDomain) return undefined

  const callers = directory.workloadsAt(source.address)
  const own = callers.every(
    (caller) =>
      idOf(caller.service) === idOf(service) &&
      (called.component === 'llm'
        ? caller.component === 'llm'
        : caller.component === 'transformer' || caller.component === 'explainer') &&
      caller.namespace === principal.namespace &&
      caller.serviceAccount === principal.serviceAccount,
  )
  const [caller] = callers
  if (!own || caller === undefined) return undefined
  return {
    ...serviceAccountCaller(caller.namespace, caller.serviceAccount, undefined),
    kind: 'component',
    reference: `${caller.namespace}/${caller.name}`,
    principal: source.principal.slice(SCHEME.length),
  }
}

const SCHEME = 'spiffe://'
