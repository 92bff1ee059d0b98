import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { freePort } from '../free-ports.ts'
import { listAt, textAt } from '../json.ts'
import { type Cluster, writeAdminKubeconfig } from './cluster.ts'
import { type Program, startProgram } from './programs.ts'

const NODE = 'node-0'

export type NodePrograms = { readonly kwok: string; readonly controllerManager: string }

/** What kubectl reaches through the node: everything runs on this machine. */
export type Kubelet = {
  /** Of the commands of `kubectl exec`, in addition to the environment of this process. */
  readonly environment: Readonly<Record<string, string>>
  /** By container, the file that `kubectl logs` prints, in the format of a container runtime; `*`: of all others. */
  readonly logs: Readonly<Record<string, string>>
  /** By port of a pod, the port of the loopback address for `kubectl port-forward`. */
  readonly ports: Readonly<Record<string, number>>
}

/** Starts the controllers of Deployments and the like, and a node whose pods kwok runs at loopback addresses. */
export async function startNode(
  cluster: Cluster,
  { kwok, controllerManager }: NodePrograms,
  kubelet?: Kubelet,
): Promise<readonly Program[]> {
  const { folder } = cluster.site
  const kubeconfig = await writeAdminKubeconfig(cluster.site)
  await cluster.apply({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: NODE, annotations: { 'kwok.x-k8s.io/node': 'fake' } },
  })
  const port = await freePort()
  const controllers = await startProgram('kube-controller-manager', folder, [controllerManager], {
    kubeconfig,
    'bind-address': '127.0.0.1',
    'secure-port': String(port),
    'cert-dir': folder,
    'leader-elect': 'false',
    controllers:
      'deployment-controller,replicaset-controller,statefulset-controller,serviceaccount-controller,garbage-collector-controller',
  })
  const environment = Object.entries(kubelet?.environment ?? {}).map((pair) => pair.join('='))
  const pods = await startProgram('kwok', folder, ['env', ...environment, kwok], {
    kubeconfig,
    'manage-all-nodes': 'true',
    'node-ip': '127.0.0.1',
    cidr: '127.77.0.1/16',
    'node-lease-duration-seconds': '0',
    ...(kubelet === undefined ? {} : await kubeletFlags(folder, kubelet)),
  })
  return [controllers, pods]
}

async function kubeletFlags(folder: string, kubelet: Kubelet) {
  const port = await freePort()
  const file = path.join(folder, 'kwok.yaml')
  await writeFile(
    file,
    kwokConfigOf(kubelet)
      .map((each) => JSON.stringify(each))
      .join('\n---\n'),
  )
  return {
    config: file,
    'node-port': String(port),
    'server-address': `127.0.0.1:${port}`,
    'tls-cert-file': path.join(folder, 'server.crt'),
    'tls-private-key-file': path.join(folder, 'server.key'),
  }
}

const kwokConfigOf = ({ logs, ports }: Kubelet) =>
  Object.entries({
    ClusterExec: { execs: [{ local: {} }] },
    ClusterLogs: {
      logs: Object.entries(logs).map(([container, logsFile]) => ({
        logsFile,
        ...(container === '*' ? {} : { containers: [container] }),
      })),
    },
    ClusterPortForward: {
      forwards: Object.entries(ports).map(([port, to]) => ({
        ports: [Number(port)],
        target: { address: '127.0.0.1', port: to },
      })),
    },
  }).map(([kind, spec]) => ({
    apiVersion: 'kwok.x-k8s.io/v1alpha1',
    kind,
    metadata: { name: 'all' },
    spec,
  }))

/** Pods that no scheduler has bound to a node. */
export const unboundPods = async ({ get }: Cluster): Promise<readonly unknown[]> =>
  listAt(await get('/api/v1/pods?fieldSelector=spec.nodeName%3D'), 'items')

/** Binds a pod to the node, as a scheduler does. */
export async function bindPod({ call }: Cluster, pod: unknown) {
  const [namespace, name] = [textAt(pod, 'metadata', 'namespace'), textAt(pod, 'metadata', 'name')]
  await call({
    method: 'POST',
    path: `/api/v1/namespaces/${namespace}/pods/${name}/binding`,
    body: {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name },
      target: { apiVersion: 'v1', kind: 'Node', name: NODE },
    },
  })
}
