import type { Report } from './go/build.ts'
import { findParts, printFound } from './go/find.ts'
import { GO_MODULES, ISTIO_CRDS, PILOT_DISCOVERY } from './go/modules.ts'

/** The paths of istiod and of a YAML file with all CRDs of its version. */
export type Istio = { readonly pilotDiscovery: string; readonly crds: string }

/** An istiod that runs on this machine. Rejects with one sentence. */
export async function findIstio(report: Report, signal?: AbortSignal): Promise<Istio> {
  const pathOf = await findParts(GO_MODULES.istio, report, signal)
  return { pilotDiscovery: await pathOf(PILOT_DISCOVERY), crds: await pathOf(ISTIO_CRDS) }
}

if (import.meta.main) await printFound(findIstio)
