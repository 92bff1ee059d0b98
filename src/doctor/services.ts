// Finds the protected services, and their pods.

import { createDirectory } from '../access/directory.ts'
import { createEffectivePolicies } from '../access/effective-policies-of.ts'
import { idOf, SERVICE_KINDS, type ServiceId } from '../access/service.ts'
import { readAccessPolicy } from '../resources/access-policy.ts'
import { displayNameOf, type KubernetesObject } from '../resources/object.ts'
import { hasSidecar, servesClients } from '../resources/pod.ts'
import type { ReadSettings } from '../resources/read-settings.ts'
import { servicesOfPod } from '../resources/service-pods.ts'
import { SERVICE_READERS } from '../resources/service-readers.ts'
import type { Objects } from './objects.ts'

export type ServicePod = {
  readonly pod: KubernetesObject
  readonly service: ServiceId
  /** The service's name for messages. */
  readonly label: string
  readonly hasSidecar: boolean
}

/** The services that need a check. Those that are open, also in shadow, do not. */
export function protectedServices({ of }: Objects, settings: ReadSettings): ReadonlySet<ServiceId> {
  const directory = createDirectory()
  const ignore = () => {}
  const read = SERVICE_KINDS.flatMap((kind) =>
    of(kind).map((object) => SERVICE_READERS[kind](object, settings, ignore)),
  )
  for (const policy of of('AccessPolicy'))
    directory.policies.put(displayNameOf(policy), readAccessPolicy(policy, settings, ignore))
  const policiesOf = createEffectivePolicies(directory)
  return new Set(
    read.filter((service) => policiesOf(service).enforced.protection !== 'open').map(idOf),
  )
}

/** The pods of these services that answer clients. */
export function podsOf({ of }: Objects, services: ReadonlySet<ServiceId>): readonly ServicePod[] {
  return of('Pod').flatMap((pod) => {
    if (!servesClients(pod)) return []
    const named = servicesOfPod(pod).find(({ service }) => services.has(idOf(service)))
    if (named === undefined) return []
    const { service } = named
    return [
      { pod, service: idOf(service), label: displayNameOf(service), hasSidecar: hasSidecar(pod) },
    ]
  })
}
