import { loadAll } from 'js-yaml'
import type { Written } from '../../testing/cluster/client.ts'
import { startCluster } from '../../testing/cluster/cluster.ts'
import { CRDS } from '../../testing/cluster/crds.ts'
import { accessPolicyCrd, aNamespace, install } from '../../testing/cluster/installation.ts'
import { at, textAt } from '../../testing/json.ts'
import { documentsOf, writeWorld } from '../worlds/manifests.ts'
import { type Issuers, READER } from '../worlds/tokens.ts'
import type { World } from '../worlds/world.ts'
import type { Told } from './servers.ts'

/** A world in the form that the service reads. */
export type Place = {
  readonly told: Told
  readonly issuers: Issuers
  /** Processes that belong to it. */
  readonly pids: readonly number[]
  readonly close: () => Promise<void>
}

export async function openPlace(folder: string, world: World, issuers: Issuers): Promise<Place> {
  await writeWorld(folder, world, issuers)
  if (world.source === 'folder')
    return { told: { folder }, issuers, pids: [], close: async () => {} }
  return (await openCluster(folder, world, issuers)).place
}

/** The objects of a world in a real API server, which also issues the tokens of ServiceAccounts. */
export async function openCluster(folder: string, world: World, issuers: Issuers) {
  await writeWorld(folder, world, issuers)
  const cluster = await startCluster({ crds: [...Object.values(CRDS), await accessPolicyCrd()] })
  try {
    const objects = documentsOf(world)
      .flatMap((text) => loadAll(text))
      .map(written)
    const namespaces = new Set([
      ...objects.map(({ metadata }) => String(metadata.namespace)),
      READER.namespace,
    ])
    for (const namespace of namespaces) await cluster.apply(aNamespace(namespace))
    for (const object of objects) {
      await cluster.create(object)
      const { status } = object
      if (isObject(status)) await cluster.applyStatus(object, status)
    }
    const kubeconfig = await install(cluster)
    const newToken = () => cluster.tokenFor(READER.namespace, READER.name)
    const token = await newToken()
    const place: Place = {
      told: { folder, kubeconfig },
      issuers: { ...issuers, serviceAccountToken: () => token },
      pids: cluster.pids(),
      close: cluster.stop,
    }
    return { place, cluster, kubeconfig, newToken }
  } catch (fault) {
    await cluster.stop()
    throw fault
  }
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

function written(object: unknown): Written {
  const metadata = at(object, 'metadata')
  return {
    ...(isObject(object) ? object : {}),
    apiVersion: textAt(object, 'apiVersion'),
    kind: textAt(object, 'kind'),
    metadata: {
      ...(isObject(metadata) ? metadata : {}),
      name: textAt(metadata, 'name'),
      namespace: textAt(metadata, 'namespace'),
    },
  }
}
