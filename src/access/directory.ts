import type { ApiKey } from './api-key.ts'
import { idOf, type Service, type ServiceRef } from './service.ts'
import { createTable, type Table } from './table.ts'
import type { Workload } from './workload.ts'

export type Directory = {
  /** Any identity will do as long as the source that puts a value also removes it by the same. */
  readonly services: Pick<Table<Service>, 'put' | 'remove' | 'size' | 'values'>
  readonly workloads: Pick<Table<Workload>, 'put' | 'remove' | 'size'>
  readonly keys: Pick<Table<ApiKey>, 'put' | 'remove' | 'size'>
  /** More than one where sources disagree on what it is: then all must allow. */
  readonly servicesNamed: (ref: ServiceRef) => readonly Service[]
  /** The services with a claim on `host`, whatever its path; with `undefined`, on any host. */
  readonly claimantsOf: (host: string | undefined) => readonly Service[]
  /** The services with a claim on any host whose path begins with this first segment's pair or model. */
  readonly workloadsAt: (address: string) => readonly Workload[]
  readonly workloadsOf: (ref: ServiceRef) => readonly Workload[]
  /** The keys of a namespace with this digest: one, unless Secrets repeat each other. */
  readonly keysWith: (namespace: string, digest: string) => readonly ApiKey[]
}

/** The services, workloads and keys known at this moment: written by a source, read by each request. */
export function createDirectory(): Directory {
  const services = createTable<Service>((service) => [
    `name ${idOf(service)}`,
    ...new Set(service.claims.map(({ host }) => `host ${host ?? ''}`)),
  ])
  const workloads = createTable<Workload>(({ addresses, service }) => [
    ...addresses.map((address) => `address ${address}`),
    `service ${idOf(service)}`,
  ])
  const keys = createTable<ApiKey>(({ namespace, digest }) => [`${namespace} ${digest}`])

  return {
    services,
    workloads,
    keys,
    servicesNamed: (ref) => services.find(`name ${idOf(ref)}`),
    claimantsOf: (host) => services.find(`host ${host ?? ''}`),
    workloadsAt: (address) => workloads.find(`address ${address}`),
    workloadsOf: (ref) => workloads.find(`service ${idOf(ref)}`),
    keysWith: (namespace, digest) => keys.find(`${namespace} ${digest}`),
  }
}
