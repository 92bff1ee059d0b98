import { rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { aKeySecret } from '../../../testing/objects.ts'
import { anAccessPolicy } from '../../../testing/policies/policies.ts'

const MEBIBYTE = 1_024 * 1_024
const PAUSE_MS = 500
/** Stands for the number of changes. */
const COUNT = 'count-of-changes'

/** Keeps changing a Secret and a policy of the largest size in a folder of manifests, until the returned function is called. */
export function changeLargeObjects(manifests: string, namespace: string): () => Promise<void> {
  const stopping = new AbortController()
  const named = (name: string) => ({
    namespace,
    name: `large-${name}`,
    labels: { 'kserve-authz.io/credential': 'api-key', count: COUNT },
  })
  const users = Array.from({ length: 1_000 }, () => 'a')
  const allow = Array.from({ length: 375 }, () => ({ from: [{ users }] }))
  const key = Buffer.alloc(MEBIBYTE / 2, 'a').toString('base64')
  const secret = { ...aKeySecret({ data: { api_key: key } }), metadata: named('key') }
  const policy = { ...anAccessPolicy({ allow }), metadata: named('policy') }
  // This program shares its core with the load, so it writes the objects as text only once.
  const texts = Object.entries({ secret, policy }).map(
    ([name, object]) => [name, JSON.stringify(object)] as const,
  )
  const change = async () => {
    for (let count = 0; !stopping.signal.aborted; count += 1) {
      for (const [name, text] of texts) {
        const whole = path.join(manifests, '..', name)
        await writeFile(whole, text.replace(COUNT, String(count)))
        await rename(whole, path.join(manifests, `large-${name}.json`))
      }
      await pause(PAUSE_MS, undefined, { signal: stopping.signal }).catch(() => {})
    }
  }
  const changing = change()
  return async () => {
    stopping.abort()
    await changing
  }
}
