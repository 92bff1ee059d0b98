import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Written } from '../cluster/client.ts'
import { type ClusterService, runClusterService } from '../cluster/service.ts'
import type { Image } from '../image/build.ts'
import { programOf } from '../image/own-image.ts'
import { at, entriesAt, listAt, textAt } from '../json.ts'
import { found } from './render.ts'

type Container = {
  readonly image: Image
  /** All installed objects, as rendered. */
  readonly objects: readonly Written[]
  readonly deployment: Written
  /** The token of its ServiceAccount. */
  readonly kubeconfig: string
  /** Additional readable files: those that the kubeconfig names. */
  readonly readable: readonly string[]
}

/**
 * Starts the one container of a Deployment from the files of its image: with the rendered arguments, environment and
 * mounted files. Unlike in a pod, a kubeconfig names its API server, its ports are free ones, and its mounts are in
 * other places. Throws if a pod would have anything else.
 */
export async function startContainer(spec: Container): Promise<ClusterService> {
  const { image, deployment, kubeconfig } = spec
  const pod = at(deployment, 'spec', 'template', 'spec')
  const container = at(pod, 'containers', 0)
  refuseOthers(pod, container)
  const own = await mkdtemp(path.join(tmpdir(), 'pod-'))
  const removeFiles = () => rm(own, { recursive: true, force: true })
  const mounts = await mountAll(own, pod, spec)
  const placed = (text: string) =>
    mounts.reduce((moved, place) => moved.replaceAll(place, path.join(own, place)), text)
  const environment = listAt(container, 'env').map(
    (variable) => `${textAt(variable, 'name')}=${placed(textAt(variable, 'value'))}`,
  )
  const { command, cwd } = programOf(image, [own, ...spec.readable])
  const args = listAt(container, 'args').map((word) => placed(String(word)))
  return runClusterService({
    command: [
      'env',
      '-i',
      ...environment,
      ...AT_FREE_PORTS,
      `KUBECONFIG=${kubeconfig}`,
      ...command,
      ...args,
    ],
    cwd,
    removeFiles,
  })
}

const listeners = ['workload', 'gateway'].map((position) => ({ position, address: '127.0.0.1:0' }))

const AT_FREE_PORTS = [
  `KSERVE_AUTHZ_GRPC_LISTENERS=${JSON.stringify(listeners)}`,
  'KSERVE_AUTHZ_HTTP_ADDRESS=127.0.0.1:0',
]

function refuseOthers(pod: unknown, container: unknown) {
  const others = [
    ...listAt(pod, 'containers').slice(1),
    ...listAt(pod, 'initContainers'),
    ...listAt(container, 'command'),
    ...listAt(container, 'envFrom'),
    ...listAt(container, 'env').filter((variable) => at(variable, 'valueFrom') !== undefined),
  ]
  if (others.length > 0) throw new Error(`not understood: ${JSON.stringify(others)}`)
}

/** Writes the mounted files below a folder. Resolves with the paths in the container. */
async function mountAll(own: string, pod: unknown, { objects }: Pick<Container, 'objects'>) {
  const mounts = listAt(pod, 'containers', 0, 'volumeMounts')
  for (const mount of mounts) {
    const volume = listAt(pod, 'volumes').find((each) => at(each, 'name') === at(mount, 'name'))
    const configMap = found(objects, 'ConfigMap', textAt(volume, 'configMap', 'name'))
    const folder = path.join(own, textAt(mount, 'mountPath'))
    await mkdir(folder, { recursive: true })
    for (const [name, text] of entriesAt(configMap, 'data')) {
      await writeFile(path.join(folder, name), String(text))
    }
  }
  return mounts.map((mount) => textAt(mount, 'mountPath'))
}
