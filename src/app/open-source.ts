// Opens the folder or the cluster, and follows the protection of its services.

import type { Directory } from '../access/directory.ts'
import type { ClusterSourceParts, FactSource, FactSourceParts } from './fact-source.ts'
import { openFolderSource } from './folder-source.ts'
import { policyStatusLogger } from './log-policy-status.ts'
import { followProtection } from './protection-changes.ts'
import { readSettingsOf } from './reading-settings.ts'

/** Rejects if the folder cannot be read or no cluster is configured. */
export async function openSource(
  directory: Directory,
  parts: ClusterSourceParts,
): Promise<FactSource> {
  let opened: FactSource | undefined
  const following = protectionOf(directory, parts, () => opened)
  const source = await sourceFor(following?.directory ?? directory, parts)
  opened = source
  if (following === undefined) return source
  return {
    ...source,
    close: async () => {
      following.close()
      await source.close()
    },
  }
}

/** Follows the protection of services, unless nobody reads about it. */
function protectionOf(
  directory: Directory,
  { reportProtection, observeProtection, reportFault }: FactSourceParts,
  source: () => FactSource | undefined,
) {
  if (reportProtection === undefined) return undefined
  return followProtection(directory, {
    synced: () => source()?.synced() === true,
    report: (notice, service) => {
      reportProtection(notice)
      if (service !== undefined) source()?.tellOwner?.(notice, service)
    },
    observe: observeProtection,
    failed: (bug) => reportFault('bug: changes of protection are not reported', bug),
  })
}

async function sourceFor(directory: Directory, parts: ClusterSourceParts): Promise<FactSource> {
  const { config, manifests } = parts
  const settings = readSettingsOf(config)
  if (manifests !== undefined) {
    const told = policyStatusLogger(directory, parts.reportPolicyStatus)
    return openFolderSource(manifests, told, settings, parts)
  }
  // Loaded on demand: a folder needs neither watches nor reviews.
  const { openClusterSource } = await import('./cluster-source.ts')
  return openClusterSource(directory, settings, parts)
}
