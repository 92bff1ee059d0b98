// Watches whether a proxy asks about each protected service, or looks at it.

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
import { type InformerSpec, type Informers, startInformers } from '../kubernetes/watch/informers.ts'
import type { Handler } from '../kubernetes/watch/store.ts'
import { GUARD_COLLECTIONS, type WatchedKind } from '../kubernetes/watch/watched-kinds.ts'
import { type GuardVerdict, guardOf } from '../resources/guard.ts'
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

/** The second handler of a collection that is watched anyway. */
type HandlerOf = (collection: WatchedKind) => Handler | undefined

type Guards = Pick<UnguardedServices, 'counts'> &
  Pick<GuardFacts, 'objectOf'> & {
    readonly handlerOf: HandlerOf
    readonly close: () => Promise<void>
  }

export function watchGuards(parts: GuardsParts): Guards {
  const { facts, close, handlerOf } = followFacts(parts, (namespace) =>
    namespace === undefined ? services.touchAll() : services.touch(namespace),
  )
  const services = createUnguardedServices({
    ...parts,
    facts,
    servicesIn: parts.directory.servicesIn,
  })
  return {
    counts: services.counts,
    objectOf: facts.objectOf,
    handlerOf,
    close: async () => {
      services.close()
      await close()
    },
  }
}

type LookParts = Pick<GuardsParts, 'api' | 'namespaces' | 'outage'>

type GuardLook = Pick<Informers, 'synced' | 'states' | 'close'> & {
  readonly handlerOf: HandlerOf
  readonly guardOf: (service: Service) => GuardVerdict
}

/** For a command: nothing is counted or reported. */
export function lookAtGuards(parts: LookParts): GuardLook {
  const { facts, ...followed } = followFacts(parts, () => {})
  return { ...followed, guardOf: (service) => guardOf(...facts.about(service)) }
}

/** Policies are not read if only some namespaces are watched: those of gateways are elsewhere. */
function followFacts(
  { api, namespaces, outage }: LookParts,
  changed: (namespace?: string) => void,
) {
  const read = (kind: string): PoliciesRead => {
    const index = specs.findIndex(({ collection }) => collection.kind === kind)
    const state = informers.states()[index]
    if (state?.synced !== true || state.withheld) return 'no'
    return state.present ? 'yes' : 'absent'
  }
  const facts = createGuardFacts({ read })
  const handlerOf = (collection: WatchedKind) => facts.handlerOf(collection, changed)
  const specs = (namespaces.length === 0 ? GUARD_COLLECTIONS : []).flatMap(
    (collection): readonly InformerSpec[] => {
      const handler = handlerOf(collection)
      return handler === undefined ? [] : [{ collection, handler, read: () => changed() }]
    },
  )
  const informers = startInformers({ api, followed: specs, failed: outage })
  return { facts, handlerOf, ...informers }
}
