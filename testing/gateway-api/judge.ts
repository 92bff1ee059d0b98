import { createHash } from 'node:crypto'
import { credentialSources } from '../../src/access/credential.ts'
import { createDirectory } from '../../src/access/directory.ts'
import { exclusionsWith } from '../../src/access/exclusions.ts'
import type { Settings } from '../../src/access/judge.ts'

const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex')

/** Nothing is excluded: every allow is the decision of a service. */
export const judgeSettings: Settings = {
  exclusions: exclusionsWith({ gateway: { InferenceService: [], LLMInferenceService: [] } }),
  credentialSources: credentialSources(['x-api-key'], []),
  corsPreflight: 'deny',
  forwardCredential: 'auto',
  mesh: { trustDomain: 'cluster.local', intermediaries: [] },
  gateways: { isLlmHost: () => false, hostPort: 'ignored', unpublishedLlms: false },
}

export const READ_SETTINGS = {
  protectByDefault: false,
  ownersMay: { optOut: true, anonymous: true, shadow: true, exclusions: true },
  kubernetes: { kserveNamespace: 'kserve' },
  providers: [],
  ownHeaders: [],
  defaultDeploymentMode: 'Standard',
  apiKeys: {
    selector: { matchLabels: { 'kserve-authz.io/credential': 'api-key' } },
    dataNames: ['api_key'],
  },
  sha256,
}

/** A directory, without tokens, and with a clock that stands still. */
export function sourcesOf(now: () => number) {
  const directory = createDirectory(now)
  const sources = {
    directory,
    synced: () => true,
    isFresh: () => true,
    now: () => 0,
    sha256,
    authenticateToken: () => undefined,
    permits: () => 'no' as const,
  }
  return { directory, sources }
}
