// Reads the route metadata and the context extension of a check.

import { ROUTE_KINDS, type RouteBinding, type Trust } from '../access/gateway-route.ts'
import type { AccessRequest } from '../access/request.ts'
import { SERVICE_KINDS, type ServiceRef } from '../access/service.ts'
import type { CheckRequest } from './messages.ts'

type Attributes = NonNullable<CheckRequest['attributes']>

/** The namespace of Envoy Gateway's metadata. */
const ENVOY_GATEWAY = 'envoy-gateway'
/** The name of the context extension that names a service. */
const SERVICE = 'service'

/**
/**
 * Reads the route that a gateway names: from Envoy Gateway's metadata, and from the context extension `service` of
 * any Envoy, if the listener trusts it.
 */
export function readRouteBinding(
  { context_extensions: extensions, route_metadata_context: metadata }: Attributes,
  { route: trust = 'used', contextExtensions = 'ignored' }: Trust,
): AccessRequest['binding'] {
  if (trust === 'ignored') return undefined
  const struct = own(metadata?.filter_metadata, ENVOY_GATEWAY)
  const named = contextExtensions === 'used' ? own(extensions, SERVICE) : undefined
  if (struct === undefined && named === undefined) {
    return trust === 'required' ? 'missing' : undefined
  }
  const route = struct === undefined ? undefined : readRoute(struct)
  const service = named === undefined ? undefined : readService(named)
  return route === 'unreadable' || service === 'unreadable' ? 'unreadable' : { route, service }
}

/** Reads `resources[0]` of a google.protobuf.Struct: exactly one, with kind, namespace and name. */
function readRoute(struct: unknown): NonNullable<RouteBinding['route']> | 'unreadable' {
  const resources = own(own(own(own(struct, 'fields'), 'resources'), 'listValue'), 'values')
  const [resource, ...others] = Array.isArray(resources) ? resources : []
  const fields = own(own(resource, 'structValue'), 'fields')
  const text = (name: string): string | undefined => {
    const value = own(own(fields, name), 'stringValue')
    return typeof value === 'string' && value.length <= MAX_NAME ? value : undefined
  }
  const kind = ROUTE_KINDS.find((each) => each === text('kind'))
  const [namespace, name, section] = [text('namespace'), text('name'), text('sectionName')]
  if (others.length > 0 || kind === undefined || !namespace || !name) return 'unreadable'
  if (section === undefined && own(fields, 'sectionName') !== undefined) return 'unreadable'
  return { kind, namespace, name, section: section || undefined }
}

/** Longest name of a Kubernetes object. */
export const MAX_NAME = 253

const REFERENCE = /^([A-Za-z]{1,32})\/([a-z0-9-]{1,63})\/([a-z0-9.-]{1,253})$/

function readService(named: unknown): ServiceRef | 'unreadable' {
  const [, kind, namespace, name] = (typeof named === 'string' && REFERENCE.exec(named)) || []
  const known = SERVICE_KINDS.find((each) => each === kind)
  if (known === undefined || namespace === undefined || name === undefined) return 'unreadable'
  return { kind: known, namespace, name }
}

function own(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  return Object.getOwnPropertyDescriptor(value, name)?.value
}
