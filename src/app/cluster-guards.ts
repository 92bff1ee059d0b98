// Watches whether a proxy asks about each protected service.

import type { Directory } from '../access/directory.ts'
import type { Service } from '../access/service.ts'
import type { ApiServer } from '../kubernetes/client/api-server.ts'
import {
  createGuardFacts,
  type GuardFacts,
  type PoliciesRead,
} from '../kubernetes/status/guard-facts.ts'
import {
  createUnguardedServices,
  type UnguardedServices,
} from '../kubernetes/status/unguarded-services.ts'
import { type InformerSpec, startInformers } from '../kubernetes/watch/informers.ts'
import type { Handler } from '../kubernetes/watch/store.ts'
import { GUARD_COLLECTIONS, type WatchedKind } from '../kubernetes/watch/watched-kinds.ts'
import type { Fields } from '../resources/object.ts'
import type { Problem } from '../resources/problem.ts'

type GuardsParts = {
  readonly api: ApiServer
  readonly directory: Pick<Directory, 'servicesIn'>
  /** Only these namespaces are watched; empty: all. */
  readonly namespaces: readonly string[]
  readonly isProtected: (service: Service) => boolean
  readonly synced: () => boolean
  readonly report: (problem: Problem, object: Fields) => void
  readonly failed: (error: unknown) => void
  readonly outage: (resource: string, message: string, lasting: boolean) => void
}

type Guards = Pick<UnguardedServices, 'counts'> &
  Pick<GuardFacts, 'objectOf'> & {
    /** The second handler of a collection that is watched anyway. */
    readonly handlerOf: (collection: WatchedKind) => Handler | undefined
    readonly close: () => Promise<void>
  }

/** Policies are not read if only some namespaces are watched: those of gateways are elsewhere. */
export function watchGuards(parts: GuardsParts): Guards {
  const { api, namespaces, directory } = parts
  const read = (kind: string): PoliciesRead => {
    const index = specs.findIndex(({ collection }) => collection.kind === kind)
    const state = informers.states()[index]
    if (state?.synced !== true || state.withheld) return 'no'
    return state.present ? 'yes' : 'absent'
  }
  const facts = createGuardFacts({ read })
  const services = createUnguardedServices({
    ...parts,
    facts,
    servicesIn: directory.servicesIn,
  })
  const changed = (namespace?: string) =>
    namespace === undefined ? services.touchAll() : services.touch(namespace)
  const specs = (namespaces.length === 0 ? GUARD_COLLECTIONS : []).flatMap(
    (collection): readonly InformerSpec[] => {
      const handler = facts.handlerOf(collection, changed)
      return handler === undefined ? [] : [{ collection, handler, read: services.touchAll }]
    },
  )
  const informers = startInformers({ api, followed: specs, failed: parts.outage })
  return {
    counts: services.counts,
    objectOf: facts.objectOf,
    handlerOf: (collection) => facts.handlerOf(collection, changed),
    close: async () => {
      services.close()
      await informers.close()
    },
  }
}
