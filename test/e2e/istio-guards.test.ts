import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../../scripts/child.ts'
import { findIstio } from '../../scripts/istio.ts'
import { collectionOf, type Written } from '../../testing/cluster/client.ts'
import { type Cluster, startCluster } from '../../testing/cluster/cluster.ts'
import { aNamespace } from '../../testing/cluster/installation.ts'
import { listAt, textAt } from '../../testing/json.ts'
import { installIstioCrds, shippedObjects } from '../../testing/mesh/installation.ts'
import { REFUSED_LLMS, TAKEN_LLMS } from '../istio/guarded-llms.ts'
import { REFUSED_OBJECTS, TAKEN_OBJECTS } from '../istio/guarded-objects.ts'
import { REFUSED_PODS, TAKEN_PODS } from '../istio/guarded-pods.ts'
import { REFUSED_POLICIES_OF_OURS, TAKEN_POLICIES_OF_OURS } from '../istio/guarded-policies.ts'
import { aModelPod, MODEL } from '../istio/model-pods.ts'

let cluster: Cluster
beforeAll(async () => {
  const { crds } = await findIstio((line) => void process.stderr.write(`${line}\n`))
  cluster = await startCluster()
  await installIstioCrds(cluster, crds)
  for (const name of ['istio-system', 'kserve', 'kserve-authz', 'team'])
    await cluster.apply(aNamespace(name))
  for (const object of await shippedObjects('admission')) await cluster.apply(object)
  // The API server needs a moment to load them.
  for (const [policy, [first]] of Object.entries(REFUSED)) {
    await until(`${policy} is not in force`, async () =>
      first !== undefined && (await admissionOf(first[1])).includes(policy) ? true : undefined,
    )
  }
})
afterAll(() => cluster?.stop())

const REFUSED = {
  ...REFUSED_OBJECTS,
  ...REFUSED_PODS,
  ...REFUSED_LLMS,
  'policies.kserve-authz.io': REFUSED_POLICIES_OF_OURS,
}

/** The API server's objection to an object; nothing if it would accept it. */
async function admissionOf(object: Written): Promise<string> {
  const path = `${collectionOf(object)}?dryRun=All`
  const { status, body } = await cluster.call({ method: 'POST', path, body: object })
  return status === 201 ? '' : textAt(body, 'message')
}

describe.each(Object.entries(REFUSED))('%s refuses', (policy, rows) => {
  it.each(rows)('%s', async (_title, object) => {
    const message = await admissionOf(object)
    expect(message).toContain(`ValidatingAdmissionPolicy '${policy}'`)
    // An expression that fails also refuses.
    expect(message).not.toContain('expression')
  })
})

const OF_UPDATES = 'labels by which policies select a running pod are immutable'

it('every rule of istio/admission/ refuses something', async () => {
  const rows = Object.values(REFUSED).flat()
  const told = await Promise.all(rows.map(([, object]) => admissionOf(object)))
  const rules = (await shippedObjects('admission')).flatMap((object) =>
    listAt(object, 'spec', 'validations').map((rule) => textAt(rule, 'message')),
  )
  expect(rules.length).toBeGreaterThan(20)
  const idle = rules.filter((rule) => !told.some((message) => message.includes(rule)))
  expect(idle).toEqual([OF_UPDATES])
})

describe('istio/admission/ accepts', () => {
  it.each([...TAKEN_OBJECTS, ...TAKEN_PODS, ...TAKEN_LLMS, ...TAKEN_POLICIES_OF_OURS])(
    '%s',
    async (_title, object) => {
      expect(await admissionOf(object)).toBe('')
    },
  )

  it('every shipped object of istio/', async () => {
    const folders = ['overlays/default', 'overlays/every-path', 'overlays/gateways-other-hosts']
    for (const object of await shippedObjects(...folders, 'example', 'access-log'))
      expect(await admissionOf(named(object)), object.metadata.name).toBe('')
  })

  const named = (object: Written): Written => ({
    ...object,
    metadata: { ...object.metadata, name: `tried-${object.metadata.name}` },
  })
})

describe('a running pod of a model', () => {
  const running = aModelPod()
  beforeAll(() => cluster.apply({ ...running, metadata: { ...running.metadata, name: 'runs' } }))

  const changed = async (metadata: object): Promise<string> => {
    const ref = { ...running, metadata: { ...running.metadata, name: 'runs' } }
    try {
      await cluster.patch(ref, { metadata })
      return ''
    } catch (fault) {
      return String(fault)
    }
  }

  it.each([...Object.keys(MODEL), 'serving.kserve.io/kind', 'kserve.io/component'])(
    'keeps its label %s',
    async (key) => {
      for (const value of [null, 'another'])
        if (value !== null || key in MODEL)
          expect(await changed({ labels: { [key]: value } })).toContain(OF_UPDATES)
    },
  )

  it('may get other labels, and annotations that have no effect', async () => {
    expect(await changed({ labels: { app: 'a' } })).toBe('')
    expect(await changed({ annotations: { 'sidecar.istio.io/inject': 'false' } })).toBe('')
  })
})
