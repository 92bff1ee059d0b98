import { until } from '../../scripts/child.ts'
import { at, listAt } from '../json.ts'
import { admitting, meshConfig, shippedObjects } from './installation.ts'
import type { Mesh } from './mesh.ts'

export type Setting = {
  /** A folder in `istio/overlays`. */
  readonly overlay: 'default' | 'every-path'
  /** Envoy's normalization of paths; Istio's default is BASE. */
  readonly paths: 'NONE' | 'BASE' | 'MERGE_SLASHES'
}

/** Replaces the applied overlay; resolves once all sidecars use it. */
export async function applySetting(mesh: Mesh, { overlay, paths }: Setting) {
  const namespaces = new Set(mesh.pods.map(({ namespace }) => namespace))
  const objects = await shippedObjects(`overlays/${overlay}`)
  for (const object of admitting([...namespaces], objects)) await mesh.cluster.apply(object)
  await mesh.istiod.configure({
    ...(await meshConfig()),
    pathNormalization: { normalization: paths },
  })
  const wanted = {
    notPaths: overlay === 'default',
    normalizes: paths !== 'NONE',
    merges: paths === 'MERGE_SLASHES',
  }
  for (const sidecar of mesh.sidecars) {
    await until(`a sidecar does not run ${overlay} with ${paths}`, async () => {
      const { text } = await sidecar.ask('/config_dump?resource=dynamic_listeners')
      return same(listenersIn(text), wanted) || undefined
    })
  }
}

/** The current filters of its listeners for models; draining listeners do not count. */
function listenersIn(dump: string) {
  const active = listAt(JSON.parse(dump), 'configs').map((each) => at(each, 'active_state'))
  const text = JSON.stringify(active)
  return {
    notPaths: text.includes('"/wait-for-drain"'),
    normalizes: text.includes('"normalize_path":true'),
    merges: text.includes('"merge_slashes":true'),
  }
}

const same = (one: object, other: object) => JSON.stringify(one) === JSON.stringify(other)
