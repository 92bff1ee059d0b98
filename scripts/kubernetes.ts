import type { Report } from './go/build.ts'
import { findParts, printFound } from './go/find.ts'
import { API_SERVER, CONTROLLER_MANAGER, ETCD, GO_MODULES } from './go/modules.ts'

/** Paths of binaries that run on this machine. */
export type Kubernetes = {
  readonly etcd: string
  readonly apiServer: string
  readonly controllerManager: string
}

/** An etcd, a kube-apiserver and a kube-controller-manager. Rejects with one sentence. */
export async function findKubernetes(report: Report, signal?: AbortSignal): Promise<Kubernetes> {
  const pathOf = await findParts(GO_MODULES.kubernetes, report, signal)
  return {
    etcd: await pathOf(ETCD),
    apiServer: await pathOf(API_SERVER),
    controllerManager: await pathOf(CONTROLLER_MANAGER),
  }
}

if (import.meta.main) await printFound(findKubernetes)
