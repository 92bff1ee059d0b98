import type { Report } from './go/build.ts'
import { findParts, printFound } from './go/find.ts'
import { ENVOY_GATEWAY, ENVOY_GATEWAY_CRDS, GO_MODULES } from './go/modules.ts'

/** Paths: Envoy Gateway, and a YAML file with its CRDs and those of the Gateway API. */
export type EnvoyGateway = { readonly program: string; readonly crds: string }

/** An Envoy Gateway that runs on this machine. Rejects with one sentence. */
export async function findEnvoyGateway(
  report: Report,
  signal?: AbortSignal,
): Promise<EnvoyGateway> {
  const pathOf = await findParts(GO_MODULES.envoyGateway, report, signal)
  return { program: await pathOf(ENVOY_GATEWAY), crds: await pathOf(ENVOY_GATEWAY_CRDS) }
}

if (import.meta.main) await printFound(findEnvoyGateway)
