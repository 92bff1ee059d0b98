import type { Written } from '../cluster/client.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { runningAt } from '../cluster/objects.ts'

/** A pod of the mesh, with its own proxy. */
export type Workload = {
  readonly role: 'router' | 'sidecar'
  readonly namespace: string
  readonly name: string
  readonly serviceAccount: string
  readonly labels: Readonly<Record<string, string>>
  /** An address of the loopback network. */
  readonly address: string
}

const OWN = 'statefulset.kubernetes.io/pod-name'

/** The label that distinguishes a pod from all others. */
export const ownLabel = (name: string) => ({ [OWN]: name })

type Containers = readonly string[]

/** Creates the pod and sets its address, as a kubelet does. */
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
