// Finds the service that a command names.

import { SERVICE_KINDS, type Service, type ServiceKind } from '../access/service.ts'
import type { Engine } from '../app/engine.ts'
import { nearestTo } from '../config/did-you-mean.ts'
import { displayNameOf } from '../resources/object.ts'
import { UsageError } from './exit-codes.ts'

const SERVICE = /^(?:([A-Za-z]+)\/)?([a-z0-9-]+)\/([a-z0-9.-]+)$/

/** Whether a text is `namespace/name`. */
export const isNamespacedName = (text: string): boolean => /^[a-z0-9-]+\/[a-z0-9.-]+$/.test(text)

/** The service `[KIND/]NAMESPACE/NAME`. Throws a UsageError unless there is exactly one. */
export function serviceNamed(text: string, { directory }: Pick<Engine, 'directory'>): Service {
  const [, kind, namespace, name] = SERVICE.exec(text) ?? []
  const kinds = SERVICE_KINDS.filter((each) => kind === undefined || isKind(each, kind))
  if (namespace === undefined || name === undefined)
    throw new UsageError('SERVICE: expected [KIND/]NAMESPACE/NAME')
  if (kinds.length === 0)
    throw new UsageError(
      `SERVICE: expected [KIND/]NAMESPACE/NAME, where KIND is ${SERVICE_KINDS.join(', ')} or a short name`,
    )
  const found = kinds.flatMap((each) => directory.servicesNamed({ kind: each, namespace, name }))
  const [first, ...others] = found
  if (first === undefined) {
    const prefixOf = (each: ServiceKind) => (kind === undefined ? '' : `${each}/`)
    const known = [...directory.services.values()].map(
      (each) => `${prefixOf(each.kind)}${each.namespace}/${each.name}`,
    )
    const wanted = `${kinds.length === 1 ? prefixOf(kinds[0] ?? 'InferenceService') : ''}${namespace}/${name}`
    const near = nearestTo(wanted, known, 1)
    const hint = near.length === 0 ? '' : `; did you mean ${near.join(', ')}?`
    throw new UsageError(`SERVICE: there is no service ${wanted}${hint}`)
  }
  if (others.length > 0)
    throw new UsageError(
      `SERVICE: name one of ${found.map(displayNameOf).join(' and ')}, as KIND/NAMESPACE/NAME`,
    )
  return first
}

/** As kubectl names kinds: in any case, singular, plural, or KServe's short name. */
const isKind = (kind: ServiceKind, written: string) =>
  [kind, `${kind}s`, SHORT[kind]].some((each) => each.toLowerCase() === written.toLowerCase())

const SHORT: Readonly<Record<ServiceKind, string>> = {
  InferenceService: 'isvc',
  InferenceGraph: 'ig',
  LLMInferenceService: 'llmisvc',
}
