import type { Report } from './go/build.ts'
import { findParts, printFound } from './go/find.ts'
import {
  KSERVE_CRDS,
  KSERVE_LLMISVC,
  KSERVE_MANAGER,
  KSERVE_OBJECTS,
  KSERVE_SAMPLES,
  KWOK,
} from './go/kserve-parts.ts'
import { GO_MODULES } from './go/modules.ts'

/** Paths: KServe's controllers, kwok, and YAML files with the objects they need in a cluster. */
export type Kserve = {
  readonly manager: string
  readonly llmisvc: string
  readonly crds: string
  readonly objects: string
  readonly kwok: string
}

/** KServe's controllers, and a kwok for the pods that they create. Rejects with one sentence. */
export async function findKserve(report: Report, signal?: AbortSignal): Promise<Kserve> {
  const pathOf = await findParts(GO_MODULES.kserve, report, signal)
  const kwokOf = await findParts(GO_MODULES.kwok, report, signal)
  return {
    manager: await pathOf(KSERVE_MANAGER),
    llmisvc: await pathOf(KSERVE_LLMISVC),
    crds: await pathOf(KSERVE_CRDS),
    objects: await pathOf(KSERVE_OBJECTS),
    kwok: await kwokOf(KWOK),
  }
}

/** A file with the sample manifests of KServe. Rejects with one sentence. */
export async function findKserveSamples(report: Report, signal?: AbortSignal): Promise<string> {
  const pathOf = await findParts(GO_MODULES.kserveSamples, report, signal)
  return pathOf(KSERVE_SAMPLES)
}

if (import.meta.main) {
  await printFound(async (report, signal) => ({
    ...(await findKserve(report, signal)),
    samples: await findKserveSamples(report, signal),
  }))
}
