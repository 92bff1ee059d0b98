// The flags of each command.

import type { Level } from './lint-codes.ts'
import type { LintOutput } from './lint-format.ts'

/** The flags of every command that looks at a folder or a cluster. */
export type LookFlags = {
  readonly config?: string
  readonly manifests?: string
  readonly namespace?: string
  /** The Deployment with the configuration: `namespace/name`. */
  readonly installation?: string
}

/** The flags of `serve`; an absent one comes from the environment or the file. */
export type ServeFlags = {
  readonly config?: string
  readonly manifests?: string
  readonly grpcAddress?: string
  readonly grpcWorkloadAddress?: string
  readonly httpAddress?: string
  readonly logLevel?: string
}

export type CheckFlags = LookFlags & {
  readonly position?: 'workload' | 'gateway'
  readonly destination?: string
  readonly source?: string
  readonly principal?: string
  /** A user of Kubernetes to assume. */
  readonly as?: string
  readonly asGroup: readonly string[]
  /** The Secret of an API key to assume: `namespace/name`. */
  readonly asKey?: string
  readonly output?: 'text' | 'json'
  readonly request?: string
  /** As written: `name: value`. */
  readonly header: readonly string[]
}

export type ServicesFlags = LookFlags & {
  readonly output?: 'table' | 'wide' | 'json' | 'yaml'
  readonly allNamespaces?: boolean
  /** Only services that everybody may call. */
  readonly open?: boolean
  /** Go on, and show each service that changes. */
  readonly watch?: boolean
  /** Also say who may call each. */
  readonly callers?: boolean
  /** The HTTP ports of replicas to ask for the last denials. */
  readonly replica: readonly string[]
  /** A file with the token for them; `-`: stdin. */
  readonly replicaTokenFile?: string
}

export type CanFlags = LookFlags & {
  readonly path?: string
  readonly asGroup: readonly string[]
}

export type DoctorFlags = Pick<LookFlags, 'config' | 'manifests' | 'installation'> & {
  readonly output?: 'text' | 'json'
}

export type LintFlags = LookFlags & {
  readonly output?: LintOutput
  readonly failOn?: Level
  /** The files are everything that is in the cluster. */
  readonly complete?: boolean
}

export type ExplainFlags = LookFlags & {
  readonly requestId?: string
}

export type TestFlags = LookFlags & {
  /** Decide with the objects of the cluster. */
  readonly cluster?: boolean
  readonly output?: 'text' | 'junit'
}
