// Examines whether Envoy Gateway and the service agree on TLS.

import {
  displayNameOf,
  type KubernetesObject,
  listAt,
  textAt,
  valueAt,
} from '../resources/object.ts'
import { readSecurityPolicy } from '../resources/security-policy.ts'
import type { DoctorFinding } from './finding.ts'
import { type Objects, ownObjects } from './objects.ts'

type Port = { readonly service: KubernetesObject; readonly port: number; readonly name: string }

/** `isExpected`: whether the service expects TLS; `undefined`: not known. */
export function inspectTls(
  objects: Objects,
  isExpected: boolean | undefined,
): readonly DoctorFinding[] {
  if (isExpected === undefined || objects.unread.has('BackendTLSPolicy')) return []
  return askedPorts(objects).flatMap((asked): readonly DoctorFinding[] => {
    const { service, port } = asked
    const policy = objects.of('BackendTLSPolicy').find((each) => isAtPort(each, asked))
    if ((policy !== undefined) === isExpected) return []
    const where = `port ${port} of ${displayNameOf(service)}`
    return policy === undefined
      ? [
          {
            code: 'tls-differs',
            object: displayNameOf(service),
            message: `the service expects TLS, and no BackendTLSPolicy makes Envoy use it at ${where}`,
            remedy: 'kubectl apply -k envoy-gateway/gateway',
          },
        ]
      : [
          {
            code: 'tls-differs',
            object: displayNameOf(policy),
            message: `it makes Envoy use TLS at ${where}, and the service has none`,
            remedy: 'Set grpc.tls in the configuration of the service: docs/tls.md',
          },
        ]
  })
}

/** The ports of the service's Service that SecurityPolicies ask at. */
function askedPorts(objects: Objects): readonly Port[] {
  const asked = objects.of('SecurityPolicy').flatMap((policy) => readSecurityPolicy(policy).asks)
  return ownObjects(objects, 'Service').flatMap((service) =>
    listAt(service.content, 'spec', 'ports').flatMap((each) => {
      const [port, name] = [valueAt(each, 'port'), textAt(each, 'name') ?? '']
      const isAsked = asked.some(
        (ref) =>
          ref.namespace === service.namespace && ref.name === service.name && ref.port === port,
      )
      return isAsked && typeof port === 'number' ? [{ service, port, name }] : []
    }),
  )
}

/** Without `sectionName` it is at every port. */
const isAtPort = ({ namespace, content }: KubernetesObject, { service, name }: Port): boolean =>
  namespace === service.namespace &&
  listAt(content, 'spec', 'targetRefs').some(
    (ref) =>
      textAt(ref, 'kind') === 'Service' &&
      textAt(ref, 'name') === service.name &&
      (textAt(ref, 'sectionName') ?? name) === name,
  )
