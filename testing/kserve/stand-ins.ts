import { setTimeout as sleep } from 'node:timers/promises'
import type { Ref, Written } from '../cluster/client.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { writtenOf } from '../cluster/installation.ts'
import { bindPod, unboundPods } from '../cluster/nodes.ts'
import { at, listAt, textAt } from '../json.ts'

const GATEWAYS = '/apis/gateway.networking.k8s.io/v1/gateways'
const ROUTES = '/apis/gateway.networking.k8s.io/v1/httproutes'
const POOLS = '/apis/inference.networking.k8s.io/v1/inferencepools'
const SETS = '/apis/leaderworkerset.x-k8s.io/v1/leaderworkersets'

export type StandIns = { readonly stop: () => Promise<void> }

/**
 * Replacements for programs that are missing here: a scheduler that binds pods, the controller of LeaderWorkerSets,
 * with one leader and one worker, and, with addresses of its Gateways, a Gateway controller that accepts everything.
 */
export function startStandIns(
  cluster: Cluster,
  addresses?: Readonly<Record<string, string>>,
): StandIns {
  const stopping = new AbortController()
  const turns = [
    () => bindPods(cluster),
    () => growSets(cluster),
    ...(addresses === undefined
      ? []
      : [
          () => acceptGateways(cluster, addresses),
          () => acceptRoutes(cluster),
          () => acceptPools(cluster),
        ]),
  ]
  const running = (async () => {
    while (!stopping.signal.aborted) {
      // Changes made meanwhile are handled in the next turn.
      for (const turn of turns) await turn().catch(() => {})
      await sleep(TURN_MS, undefined, { signal: stopping.signal }).catch(() => {})
    }
  })()
  return {
    stop: async () => {
      stopping.abort()
      await running
    },
  }
}

const TURN_MS = 200

const itemsAt = async ({ get }: Cluster, path: string): Promise<readonly unknown[]> =>
  listAt(await get(path), 'items')

const refOf = (apiVersion: string, kind: string, item: unknown): Ref =>
  writtenOf({ apiVersion, kind, metadata: at(item, 'metadata') })

async function bindPods(cluster: Cluster) {
  for (const pod of await unboundPods(cluster)) await bindPod(cluster, pod)
}

const condition = (type: string, item: unknown) => ({
  type,
  status: 'True',
  reason: type,
  message: '',
  lastTransitionTime: '2026-01-01T00:00:00Z',
  observedGeneration: at(item, 'metadata', 'generation'),
})

const GATEWAY_API = 'gateway.networking.k8s.io/v1'

async function acceptGateways(cluster: Cluster, addresses: Readonly<Record<string, string>>) {
  for (const gateway of await itemsAt(cluster, GATEWAYS)) {
    if (listAt(gateway, 'status', 'addresses').length > 0) continue
    const value = addresses[textAt(gateway, 'metadata', 'name')]
    if (value === undefined) continue
    await cluster.applyStatus(refOf(GATEWAY_API, 'Gateway', gateway), {
      addresses: [{ type: 'IPAddress', value }],
      conditions: [condition('Accepted', gateway), condition('Programmed', gateway)],
    })
  }
}

async function acceptRoutes(cluster: Cluster) {
  for (const route of await itemsAt(cluster, ROUTES)) {
    const accepted = listAt(route, 'status', 'parents', 0, 'conditions', 0)
    const told = at(route, 'status', 'parents', 0, 'conditions', 0, 'observedGeneration')
    if (told === at(route, 'metadata', 'generation') && accepted !== undefined) continue
    await cluster.applyStatus(refOf(GATEWAY_API, 'HTTPRoute', route), {
      parents: listAt(route, 'spec', 'parentRefs').map((parentRef) => ({
        parentRef,
        controllerName: 'example.com/test',
        conditions: [condition('Accepted', route), condition('ResolvedRefs', route)],
      })),
    })
  }
}

async function acceptPools(cluster: Cluster) {
  for (const pool of await itemsAt(cluster, POOLS)) {
    if (listAt(pool, 'status', 'parents').length > 0) continue
    await cluster.applyStatus(refOf('inference.networking.k8s.io/v1', 'InferencePool', pool), {
      parents: [
        {
          parentRef: { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'any' },
          conditions: [condition('Accepted', pool), condition('ResolvedRefs', pool)],
        },
      ],
    })
  }
}

async function growSets(cluster: Cluster) {
  for (const set of await itemsAt(cluster, SETS)) {
    const ref = refOf('leaderworkerset.x-k8s.io/v1', 'LeaderWorkerSet', set)
    for (const part of ['leaderTemplate', 'workerTemplate'])
      await cluster.call(podOf(ref, set, part))
    if (listAt(set, 'status', 'conditions').length > 0) continue
    await cluster.applyStatus(ref, {
      replicas: 1,
      readyReplicas: 1,
      updatedReplicas: 1,
      conditions: [condition('Available', set)],
    })
  }
}

function podOf(owner: Ref, set: unknown, part: string) {
  const { namespace, name } = owner.metadata
  const template = at(set, 'spec', 'leaderWorkerTemplate', part)
  const pod: Written = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      namespace: namespace ?? '',
      name: `${name}-${part === 'leaderTemplate' ? '0' : '0-1'}`,
      labels: at(template, 'metadata', 'labels') ?? {},
      ownerReferences: [
        {
          apiVersion: owner.apiVersion,
          kind: owner.kind,
          name,
          uid: textAt(set, 'metadata', 'uid'),
          controller: true,
        },
      ],
    },
    spec: at(template, 'spec'),
  }
  return { method: 'POST', path: `/api/v1/namespaces/${namespace}/pods`, body: pod }
}
