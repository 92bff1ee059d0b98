import type { Report } from './go/build.ts'
import { findParts, printFound } from './go/find.ts'
import {
  KSERVE_SAMPLES,
  KSERVE_VERSIONS,
  type KserveVersion,
  KWOK,
  kserveParts,
} from './go/kserve-parts.ts'
import { GO_MODULES, KSERVE_MODULES } from './go/modules.ts'

/** Paths: KServe's controllers, kwok, and YAML files with the objects they need in a cluster. */
export type Kserve = {
  readonly manager: string
  readonly llmisvc: string
  readonly crds: readonly string[]
  readonly objects: string
  readonly kwok: string
}

/** The version of KServe whose controllers run: that of the environment variable KSERVE_VERSION, else the first. */
export function kserveVersion({ KSERVE_VERSION: chosen } = process.env): KserveVersion {
  const [first] = KSERVE_VERSIONS
  const version = chosen ? KSERVE_VERSIONS.find((each) => each === chosen) : first
  if (version !== undefined) return version
  throw new Error(`KSERVE_VERSION is ${chosen}; it may be ${KSERVE_VERSIONS.join(' or ')}`)
}

/** KServe's controllers, and a kwok for the pods that they create. Rejects with one sentence. */
export async function findKserve(
  version: KserveVersion,
  report: Report,
  signal?: AbortSignal,
): Promise<Kserve> {
  const pathOf = await findParts(KSERVE_MODULES[version], report, signal)
  const { manager, llmisvc, crds, objects } = kserveParts(version)
  return {
    manager: await pathOf(manager),
    llmisvc: await pathOf(llmisvc),
    crds: await Promise.all(crds.map(pathOf)),
    objects: await pathOf(objects),
    kwok: await findKwok(report, signal),
  }
}

/** Runs pods. Rejects with one sentence. */
export async function findKwok(report: Report, signal?: AbortSignal): Promise<string> {
  const pathOf = await findParts(GO_MODULES.kwok, report, signal)
  return pathOf(KWOK)
}

/** A file with the sample manifests of KServe. Rejects with one sentence. */
export async function findKserveSamples(report: Report, signal?: AbortSignal): Promise<string> {
  const pathOf = await findParts(GO_MODULES.kserveSamples, report, signal)
  return pathOf(KSERVE_SAMPLES)
}

if (import.meta.main) {
  await printFound(async (report, signal) => {
    const { crds, ...found } = await findKserve(kserveVersion(), report, signal)
    return {
      ...found,
      crds: crds.join('\n'),
      samples: await findKserveSamples(report, signal),
    }
  })
}
