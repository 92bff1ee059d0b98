// Detects shared routes, repeated keys and missing sidecars.

import type { ApiKey, KeyScope } from '../access/api-key.ts'
import type { Directory } from '../access/directory.ts'
import { idOf, SERVICE_KINDS, type Service } from '../access/service.ts'
import type { Workload } from '../access/workload.ts'
import { displayNameOf } from './object.ts'
import type { Problem } from './problem.ts'

/** The first route that another service has, too. */
export function sharedRoutes(
  service: Service,
  { servicesRoutedBy }: Pick<Directory, 'servicesRoutedBy'>,
): readonly Problem[] {
  const shared = service.routes.find((route) =>
    servicesRoutedBy(route).some((other) => idOf(other) !== idOf(service)),
  )
  if (shared === undefined) return []
  const { host = 'any host', pathPrefix } = shared
  return [
    {
      object: displayNameOf(service),
      reason: 'SharedHost',
      message: `other services also have ${host}${pathPrefix}: all of them must allow a request there`,
    },
  ]
}

/** Another Secret of the namespace with the same key. */
export function repeated(
  { namespace, name, digest }: ApiKey,
  { keysWith }: Pick<Directory, 'keysWith'>,
): readonly Problem[] {
  if (keysWith(namespace, digest).length < 2) return []
  return [
    {
      object: displayNameOf({ kind: 'Secret', namespace, name }),
      reason: 'CredentialRepeated',
      message: 'another Secret of the namespace holds the same key: it is not accepted',
    },
  ]
}

/** A key for services that the namespace does not have. */
export function opensNothing(
  { namespace, name, services }: ApiKey,
  { servicesNamed }: Pick<Directory, 'servicesNamed'>,
): readonly Problem[] {
  const isThere = (scope: KeyScope) =>
    (scope.kind === undefined ? SERVICE_KINDS : [scope.kind]).some(
      (kind) => servicesNamed({ kind, namespace, name: scope.name }).length > 0,
    )
  if (services?.some(isThere) !== false) return []
  return [
    {
      object: displayNameOf({ kind: 'Secret', namespace, name }),
      reason: 'NoSuchService',
      message:
        'it opens nothing: the namespace has none of the services in its annotation kserve-authz.io/services',
    },
  ]
}

const UNCHECKED = 'no container istio-proxy: requests that bypass the gateway are not checked'

/** Pods of protected services without a sidecar. */
export function unguarded(
  workloads: readonly Workload[],
  { servicesNamed }: Pick<Directory, 'servicesNamed'>,
): readonly Problem[] {
  return workloads
    .filter((workload) => isBare(workload) && servicesNamed(workload.service).some(isProtected))
    .map((workload) => ({
      object: displayNameOf({ ...workload, kind: 'Pod' }),
      reason: 'NoSidecar',
      message: `this pod of a protected service has ${UNCHECKED}`,
    }))
}

/** The same for a service that is read, or protected, after its pods. */
export function bare(
  service: Service,
  { workloadsOf }: Pick<Directory, 'workloadsOf'>,
): readonly Problem[] {
  if (!isProtected(service)) return []
  if (!workloadsOf(service).some(isBare)) return []
  return [
    {
      object: displayNameOf(service),
      reason: 'NoSidecar',
      message: `one of its pods has ${UNCHECKED}`,
    },
  ]
}

/** A scheduler has no clients, and KServe excludes it from sidecar injection. */
const isBare = ({ sidecar, role }: Workload) => !sidecar && role !== 'scheduler'

const isProtected = ({ protection }: Service) => protection === 'protected'
