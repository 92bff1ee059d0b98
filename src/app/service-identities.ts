// Remembers the uid of each service's object, which its events need.

import type { ServiceRef } from '../access/service.ts'
import type { InformerSpec } from '../kubernetes/watch/informers.ts'
import { type Fields, textAt } from '../resources/object.ts'

/** The objects of services, as far as an event names them. */
export function createServiceIdentities() {
  const known = new Map<string, { readonly apiVersion: string; readonly uid: string | undefined }>()
  return {
    /** Remembers the objects that it follows. */
    following: (spec: InformerSpec): InformerSpec => {
      const { collection, handler } = spec
      const { kind, apiVersion } = collection
      return {
        ...spec,
        handler: {
          ...handler,
          put: (listed) => {
            const uid = textAt(listed.content, 'metadata', 'uid')
            known.set(`${kind} ${listed.key}`, { apiVersion, uid })
            handler.put(listed)
          },
          remove: (key) => {
            known.delete(`${kind} ${key}`)
            handler.remove(key)
          },
        },
      }
    },
    objectOf: ({ kind, namespace, name }: ServiceRef): Fields => {
      const { apiVersion, uid } = known.get(`${kind} ${namespace}/${name}`) ?? {}
      return { apiVersion, kind, metadata: { namespace, name, uid } }
    },
  }
}
