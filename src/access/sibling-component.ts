// Identifies a component of the same service as the caller.

import type { Caller } from './caller.ts'
import type { Directory } from './directory.ts'
import { readPrincipal } from './principal.ts'
import type { AccessRequest } from './request.ts'
import { idOf } from './service.ts'
import { serviceAccountCaller } from './service-account-caller.ts'
import type { Target } from './target.ts'
import type { Component } from './workload.ts'

/** The components of the same service that call each one. A component without an entry does not compile. */
const CALLERS: Readonly<Record<Component, readonly Component[]>> = {
  predictor: ['transformer', 'explainer'],
  transformer: [],
  explainer: [],
  graph: [],
  // Pods of one LLMInferenceService call each other.
  llm: ['llm'],
}

/**
 * The calling component of the same service: a transformer or explainer that calls its predictor, or pods of
 * one LLMInferenceService that call each other. Both the address and the certificate must be the pod's, so
 * calls through another proxy do not count.
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
  const siblings: readonly unknown[] = called.component ? CALLERS[called.component] : []
  if (siblings.length === 0) return undefined
  const callers = directory.workloadsAt(source.address)
  const [caller] = callers
  if (caller === undefined) return undefined
  const principal = readPrincipal(source.principal)
  if (principal === undefined || principal.trustDomain !== trustDomain) return undefined

  const own = callers.every(
    (each) =>
      idOf(each.service) === idOf(service) &&
      siblings.includes(each.component) &&
      each.namespace === principal.namespace &&
      each.serviceAccount === principal.serviceAccount,
  )
  if (!own) return undefined
  return {
    ...serviceAccountCaller(caller.namespace, caller.serviceAccount, undefined),
    kind: 'component',
    reference: `${caller.namespace}/${caller.name}`,
    principal: source.principal.slice(SCHEME.length),
  }
}

const SCHEME = 'spiffe://'
