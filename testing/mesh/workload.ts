import type { Written } from '../cluster/client.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { runningAt } from '../cluster/objects.ts'

/** A pod of the mesh, with a proxy of its own. */
export type Workload = {
  readonly role: 'router' | 'sidecar'
  readonly namespace: string
  readonly name: string
  readonly serviceAccount: string
  readonly labels: Readonly<Record<string, string>>
  /** Of the loopback network. */
  readonly address: string
}

const OWN = 'statefulset.kubernetes.io/pod-name'

/** By which one pod is told from all others. */
export const ownLabel = (name: string) => ({ [OWN]: name })

type Containers = readonly string[]

/** Creates the pod and gives it its address, as a kubelet does. */
export async function createPod(
  cluster: Pick<Cluster, 'apply' | 'applyStatus'>,
  { namespace, name, labels, serviceAccount, address }: Omit<Workload, 'role'>,
  containers: Containers = ['istio-proxy'],
) {
  const pod: Written = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace, name, labels: { ...labels, ...ownLabel(name) } },
    spec: {
      serviceAccountName: serviceAccount,
      containers: containers.map((each) => ({ name: each, image: 'none' })),
    },
  }
  await cluster.apply(pod)
  await cluster.applyStatus(pod, runningAt(address))
}
