// Examines whether every protected service is really checked. The entry point of this folder.

import { CLOCK_SKEW_SECONDS } from '../access/clock-skew.ts'
import { displayNameOf, listAt, textAt, valueAt } from '../resources/object.ts'
import type { ReadSettings } from '../resources/read-settings.ts'
import { inspectCertificates, type ReadCertificate } from './certificates.ts'
import { inspectNodeClocks } from './clock.ts'
import { askingProxies } from './connections.ts'
import { type DoctorFinding, mostSevereFirst } from './finding.ts'
import { inspectGateways } from './gateways.ts'
import {
  customPolicies,
  inspectFilters,
  inspectWaypoints,
  missingProviders,
} from './istio-policies.ts'
import { inspectNetwork, type Outside } from './network.ts'
import { createNetworkPolicies } from './network-policies.ts'
import { type Objects, OWN_LABEL, ownObjects } from './objects.ts'
import { inspectPods } from './pods.ts'
import { meshIn, type ParseYaml } from './providers.ts'
import { podsOf, protectedServices } from './services.ts'
import { inspectTls } from './tls.ts'

export type Examination = {
  readonly services: number
  readonly pods: number
  readonly findings: readonly DoctorFinding[]
}

type Options = {
  readonly settings: ReadSettings
  readonly parse: ParseYaml
  /** Of this program. */
  readonly version: string
  /** The file of the service's certificate; `undefined`: no TLS. */
  readonly certFile?: string | undefined
  readonly certificate: ReadCertificate
  /** Whether the service expects TLS; absent: not known. */
  readonly tls?: boolean | undefined
  readonly now?: Date
  /** The least difference of clocks that a provider of the configuration tolerates, in seconds. */
  readonly clockSkew?: number
  /** What the service reads outside the cluster. */
  readonly outside?: readonly Outside[]
  /** Findings of the caller. */
  readonly further?: readonly DoctorFinding[]
}

/** Examines the objects of a cluster. Never throws. */
export function examine(
  objects: Objects,
  {
    settings,
    parse,
    version,
    certFile,
    certificate,
    tls,
    now = new Date(),
    clockSkew = CLOCK_SKEW_SECONDS,
    outside = [],
    further = [],
  }: Options,
): Examination {
  const mesh = meshIn(objects, parse)
  const policies = customPolicies(objects, mesh)
  const services = protectedServices(objects, settings)
  const pods = podsOf(objects, services)
  const inMesh = pods.filter(({ hasSidecar }) => hasSidecar).map(({ pod }) => pod)
  const networkPolicies = createNetworkPolicies(objects)
  const cluster = { objects, mesh, policies, networkPolicies }
  const atPods = inspectPods(pods, cluster)
  const { unguarded } = atPods
  const asking = askingProxies({ ...cluster, pods, settings })
  const unread = [...objects.unread].map(
    ([kind, why]): DoctorFinding => ({
      code: 'not-read',
      object: kind,
      message: why,
      remedy: 'Run the doctor as a user that may list this kind.',
    }),
  )
  return {
    services: services.size,
    pods: pods.length,
    findings: mostSevereFirst([
      ...(mesh?.findings ?? []),
      ...missingProviders(policies, mesh, inMesh),
      ...inspectFilters(objects, mesh, inMesh),
      ...inspectWaypoints(objects, policies),
      ...atPods.findings,
      ...inspectGateways({ ...cluster, services, unguarded }),
      ...inspectNetwork({ objects, networkPolicies, asking, outside }),
      ...inspectReplicas(objects),
      ...inspectVersions(objects, version),
      ...inspectCertificates(objects, { certFile, certificate, now }),
      ...inspectTls(objects, tls),
      ...inspectNodeClocks(objects, clockSkew),
      ...unread,
      ...further,
    ]),
  }
}

function inspectReplicas(objects: Objects): readonly DoctorFinding[] {
  return ownObjects(objects, 'Deployment').flatMap((deployment): readonly DoctorFinding[] => {
    const { namespace, name, content } = deployment
    const about = { object: displayNameOf(deployment) }
    const available = valueAt(content, 'status', 'availableReplicas') ?? 0
    if (available === 0) {
      const remedy = `kubectl -n ${namespace} describe deployment ${name}`
      return [{ ...about, code: 'service-unavailable', message: 'no replica is available', remedy }]
    }
    if (valueAt(content, 'spec', 'replicas') !== 1) return []
    const remedy = `kubectl -n ${namespace} scale deployment ${name} --replicas=2`
    return [{ ...about, code: 'one-replica', message: 'it has one replica', remedy }]
  })
}

/** The tag of an image, if it is a version. */
const TAG = /:v?(\d+\.\d+\.\d+)(?:@|$)/

/** A release may know other fields and defaults than the one that examines it. */
function inspectVersions(objects: Objects, version: string): readonly DoctorFinding[] {
  return ownObjects(objects, 'Deployment').flatMap((deployment): readonly DoctorFinding[] => {
    const tags = listAt(deployment.content, 'spec', 'template', 'spec', 'containers')
      .filter((container) => textAt(container, 'name') === OWN_LABEL[1])
      .map((container) => TAG.exec(textAt(container, 'image') ?? '')?.[1])
    const other = tags.find((tag) => tag !== undefined && tag !== version)
    if (other === undefined) return []
    return [
      {
        code: 'other-version',
        object: displayNameOf(deployment),
        message: `its image has the version ${other}, this program ${version}`,
        remedy: `Run the doctor of version ${other}, or upgrade the installation.`,
      },
    ]
  })
}
