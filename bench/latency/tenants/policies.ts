import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises'
import { createDirectory } from '../../../src/access/directory.ts'
import { createPolicyStatusWriter } from '../../../src/kubernetes/status/policy-status-writer.ts'
import { readResource } from '../../../src/resources/resource.ts'
import { aService } from '../../../testing/builders.ts'
import { SETTINGS } from '../../../testing/objects.ts'
import { anAccessPolicy } from '../../../testing/policies/policies.ts'
import { longestStall } from './stall.ts'

const COUNT = 10_000
/** Handles each object of a watch without yielding to the event loop. */
const ROW = 50
const CHANGES = 100

const target = (index: number) => ({
  group: 'serving.kserve.io',
  kind: 'InferenceService',
  name: `model-${index}`,
})

/**
 * The longest stall when one tenant owns all policies and services and keeps changing one of them. Half of the
 * policies apply to the whole namespace; `count` is the number of policies.
 */
export async function policiesOfOneNamespace(count: number): Promise<number> {
  const directory = createDirectory()
  const statuses = createPolicyStatusWriter({
    api: { send: () => Promise.resolve({}) },
    settings: SETTINGS,
    servicesIn: directory.servicesIn,
    synced: () => true,
    failed: () => {},
  })
  const put = (index: number) => {
    const name = `policy-${index}`
    const spec =
      index % 2 === 0
        ? { allow: [{}] }
        : { targetRefs: Array.from({ length: 8 }, (_, other) => target((index + other) % COUNT)) }
    const object = anAccessPolicy(spec, name, 'evil')
    const { resource } = readResource(object, SETTINGS)
    if (resource.kind === 'policy') directory.policies.put(name, resource.policy)
    statuses.put({ key: `evil/${name}`, version: '1', content: object })
  }
  try {
    return await longestStall(async () => {
      for (let index = 0; index < COUNT; index += 1) {
        directory.services.put(`${index}`, aService({ namespace: 'evil', name: `model-${index}` }))
        statuses.touch('evil')
        if (index < count) put(index)
        if (index % ROW === 0) await turn()
      }
      for (let index = 0; index < CHANGES; index += 1) {
        put(index)
        await pause(20)
      }
    })
  } finally {
    statuses.close()
  }
}
