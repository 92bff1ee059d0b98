// Reads API keys from Secrets.

import type { ApiKey, KeyScope } from '../access/api-key.ts'
import { createIntern } from '../common/interning.ts'
import { hasAllLabels } from '../common/labels.ts'
import { readAnnotations } from './api-key-annotations.ts'
import type { KubernetesObject } from './object.ts'
import type { Raise } from './problem.ts'
import type { ReadSettings } from './read-settings.ts'
import { bytesAt, credentialFault, isTokenSecret, TOO_LONG } from './secret.ts'

/** A Secret's API key, or why there is none: `refused` comes with a problem. */
export type KeyReading = ApiKey | 'refused' | 'no-key'

/**
 * Reads a Secret as one API key. Anything that is not understood refuses it. A key in clear text is digested
 * here and not kept; no problem quotes one.
 */
export function readApiKey(
  object: KubernetesObject,
  settings: Pick<ReadSettings, 'apiKeys' | 'sha256'>,
  raise: Raise,
): KeyReading {
  if (!isSelected(object, settings.apiKeys.selector.matchLabels)) return 'no-key'
  const refuse = (fault: string): 'refused' => {
    raise('APIKeyRefused', fault)
    return 'refused'
  }
  if (isTokenSecret(object)) {
    refuse('the token of a ServiceAccount is never an API key')
    return 'no-key'
  }
  const annotations = readAnnotations(object)
  if (typeof annotations === 'string') return refuse(annotations)
  const labels = readLabels(object)
  if (labels === undefined) return refuse('a label is not text (quote it)')
  const digest = readDigest(object, settings)
  if ('fault' in digest) return refuse(digest.fault)
  const { user, groups, services, expiresAt } = annotations
  return {
    namespace: object.namespace,
    name: object.name,
    digest: digest.hex,
    services,
    expiresAt,
    user,
    groups,
    labels,
  }
}

/** The same key, with the parts in which it equals others in common with them. */
export const sharingKey = (key: ApiKey): ApiKey => ({
  namespace: sharedText(key.namespace, key.namespace),
  name: key.name,
  digest: key.digest,
  services: key.services && sharedScopes(textOfScopes(key.services), key.services),
  expiresAt: key.expiresAt,
  user: key.user,
  groups: sharedGroups(JSON.stringify(key.groups), key.groups),
  labels: sharedLabels(JSON.stringify([...key.labels]), key.labels),
})

// Most keys of a namespace say the same, and there may be 100,000 of them.
const sharedText = createIntern<string>()
const sharedScopes = createIntern<readonly KeyScope[]>()
const sharedGroups = createIntern<readonly string[]>()
const sharedLabels = createIntern<ReadonlyMap<string, string>>()

const textOfScopes = (scopes: readonly KeyScope[]) =>
  JSON.stringify(scopes.map(({ kind = '', name }) => [kind, name]))

const isSelected = (
  { labels }: KubernetesObject,
  matchLabels: Readonly<Record<string, string>>,
): boolean => hasAllLabels(labels, Object.entries(matchLabels))

function readLabels({ labels }: KubernetesObject): ReadonlyMap<string, string> | undefined {
  const texts = [...labels].flatMap(([label, value]) =>
    value === undefined ? [] : [[label, value] as const],
  )
  return texts.length === labels.size ? new Map(texts) : undefined
}

type Digest = { readonly hex: string } | { readonly fault: string }

const DIGEST = /^[0-9a-f]{64}$/i

/** The first name present decides, even if its value cannot be read. */
function readDigest(
  object: KubernetesObject,
  { apiKeys, sha256 }: Pick<ReadSettings, 'apiKeys' | 'sha256'>,
): Digest {
  for (const name of apiKeys.dataNames) {
    const bytes = bytesAt(object, name)
    if (bytes === undefined) continue
    if (bytes === 'unreadable') return { fault: `data "${name}" is neither text nor base64` }
    if (bytes === 'too-long') return { fault: `data "${name}" ${TOO_LONG}` }
    const fault = credentialFault(bytes)
    if (fault !== undefined) return { fault: `data "${name}" ${fault}` }
    if (!name.endsWith('_sha256')) return { hex: sha256(bytes) }
    const hex = new TextDecoder().decode(bytes)
    if (!DIGEST.test(hex)) return { fault: `data "${name}" is not a SHA-256 digest in hex` }
    return { hex: hex.toLowerCase() }
  }
  return { fault: `it has no data named ${apiKeys.dataNames.join(' or ')}` }
}
