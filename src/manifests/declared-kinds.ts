// Defines what several or unreadable declarations of each kind of resource mean.

import type { Resource } from '../resources/kinds.ts'
import type { ResourceReading } from '../resources/resource.ts'

export const countsBesideOthers = ({ kind }: Resource): boolean => COUNTS_BESIDE_OTHERS[kind]

/** Whether each declaration of an object counts. A kind without an entry does not compile. */
const COUNTS_BESIDE_OTHERS: Readonly<Record<Resource['kind'], boolean>> = {
  service: true,
  workloads: true,
  policy: true,
  route: false,
  'api-key': false,
  token: false,
  'service-account': false,
  role: false,
  binding: false,
  'llm-config': false,
  'kserve-configuration': false,
  ignored: false,
}

/**
 * The remainder of an object whose file is unreadable: a service's routes, a pod's address, a policy's targets. A
 * kind without a case does not compile.
 */
export function lose(reading: ResourceReading): readonly ResourceReading[] {
  const { identity, resource } = reading
  switch (resource.kind) {
    case 'workloads':
      return [reading]
    case 'policy': {
      const policy = { ...resource.policy, terms: undefined }
      return [{ identity, resource: { kind: 'policy', policy }, problems: [] }]
    }
    case 'service': {
      if (resource.service.protection === 'lost') return [reading]
      const service = { ...resource.service, protection: 'lost' as const }
      return [{ identity, resource: { kind: 'service', service }, problems: [] }]
    }
    case 'api-key':
    case 'token':
    case 'service-account':
    case 'role':
    case 'binding':
    case 'route':
    case 'llm-config':
    case 'kserve-configuration':
    case 'ignored':
      return []
  }
}
