import type { ApiKey } from './api-key.ts'
import type { Policy } from './policy.ts'
import { type Claim, idOf, type Service, type ServiceRef } from './service.ts'
import { createTable, type Table } from './table.ts'
import type { Workload } from './workload.ts'

export type Directory = {
  /** Any identity will do as long as the source that puts a value also removes it by the same. */
  readonly services: Pick<Table<Service>, 'put' | 'remove' | 'size' | 'values'>
  readonly workloads: Pick<Table<Workload>, 'put' | 'remove' | 'size'>
  readonly keys: Pick<Table<ApiKey>, 'put' | 'remove' | 'size'>
  readonly policies: Pick<Table<Policy>, 'put' | 'remove' | 'values'>
  /** More than one where sources disagree on what it is: then all must allow. */
  readonly servicesNamed: (ref: ServiceRef) => readonly Service[]
  /** The services with exactly this claim. */
  readonly claimantsOf: (claim: Claim) => readonly Service[]
  /** Whether some service claims only a part of this host's paths; `undefined`: of any host's. */
  readonly divides: (host: string | undefined) => boolean
  readonly workloadsAt: (address: string) => readonly Workload[]
  readonly workloadsOf: (ref: ServiceRef) => readonly Workload[]
  /** The keys of a namespace with this digest: one, unless Secrets repeat each other. */
  readonly keysWith: (namespace: string, digest: string) => readonly ApiKey[]
  /** In no order that means anything. */
  readonly policiesFor: (ref: ServiceRef) => readonly Policy[]
  /** Another one after each change of a policy. */
  readonly policyVersion: () => number
}

/** The services, workloads and keys known at this moment: written by a source, read by each request. */
export function createDirectory(): Directory {
  const services = createTable<Service>((service) => [
    `name ${idOf(service)}`,
    ...new Set(service.claims.flatMap(keysOfClaim)),
  ])
  const workloads = createTable<Workload>(({ addresses, service }) => [
    ...addresses.map((address) => `address ${address}`),
    `service ${idOf(service)}`,
  ])
  const keys = createTable<ApiKey>(({ namespace, digest }) => [`${namespace} ${digest}`])
  const policies = createTable<Policy>(keysOfPolicy)
  let policyVersion = 0

  return {
    services,
    workloads,
    keys,
    policies: {
      values: policies.values,
      put: (id, policy) => {
        policyVersion += 1
        policies.put(id, policy)
      },
      remove: (id) => {
        policyVersion += 1
        policies.remove(id)
      },
    },
    servicesNamed: (ref) => services.find(`name ${idOf(ref)}`),
    claimantsOf: (claim) => services.find(keyOfClaim(claim)),
    divides: (host) => services.find(`divided ${host ?? '*'}`).length > 0,
    workloadsAt: (address) => workloads.find(`address ${address}`),
    workloadsOf: (ref) => workloads.find(`service ${idOf(ref)}`),
    keysWith: (namespace, digest) => keys.find(`${namespace} ${digest}`),
    policiesFor: (ref) => [
      ...policies.find(`namespace ${ref.namespace}`),
      ...policies.find(`service ${idOf(ref)}`),
    ],
    policyVersion: () => policyVersion,
  }
}

const keysOfPolicy = ({ namespace, targets }: Policy): readonly string[] =>
  targets === undefined
    ? [`namespace ${namespace}`]
    : [...new Set(targets.map((target) => `service ${idOf({ ...target, namespace })}`))]

const keyOfClaim = ({ host, pathPrefix }: Claim) => `claim ${host ?? '*'} ${pathPrefix}`

const keysOfClaim = (claim: Claim) =>
  claim.pathPrefix === ''
    ? [keyOfClaim(claim)]
    : [keyOfClaim(claim), `divided ${claim.host ?? '*'}`]
