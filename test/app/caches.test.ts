import { writeFile } from 'node:fs/promises'
import { expect, it, onTestFinished, vi } from 'vitest'
import { openClusterIdentity } from '../../src/app/cluster-identity.ts'
import { openEngine } from '../../src/app/engine.ts'
import type { CacheBounds } from '../../src/common/cache.ts'
import { readConfig } from '../../src/config/read-config.ts'
import { decodeToken } from '../../src/tokens/decode-token.ts'
import { createSigner } from '../../testing/issuers/oidc-issuer.ts'
import { atOnce } from '../../testing/queue-keys.ts'
import { aFolder } from '../manifests/folders.ts'

const made = vi.hoisted((): CacheBounds[] => [])

vi.mock('../../src/common/cache.ts', async (original) => {
  const cache = await original<typeof import('../../src/common/cache.ts')>()
  const createCache: typeof cache.createCache = (bounds) => {
    made.push(bounds)
    return cache.createCache(bounds)
  }
  return { ...cache, createCache }
})

const MIB = 1_048_576
const reports = { reportProblem: () => {}, reportFault: () => {}, reportOutage: () => {} }

it('every cache of a folder, and of an identity provider, is bounded', async () => {
  made.length = 0
  const { root, at } = await aFolder({})
  await writeFile(at('keys.jwks'), JSON.stringify({ keys: [createSigner().jwk] }))
  const issuer = 'https://issuer.example.com'
  const provider = { name: 'idp', issuer, jwksFile: at('keys.jwks'), audiences: ['models'] }
  const engine = await openEngine({
    config: readConfig({
      env: { KSERVE_AUTHZ_JWT_PROVIDERS: JSON.stringify([provider]) },
      flags: { manifests: root },
    }),
    manifests: root,
    ...reports,
  })
  onTestFinished(engine.close)
  // The keys are read later, and what depends on them is then forgotten.
  await expect.poll(() => made).toHaveLength(3)
  const bounds = made.toSorted((one, other) => one.bytes - other.bytes)
  expect(bounds).toEqual([
    { entries: 10_000, bytes: 4 * MIB },
    { entries: 10_000, bytes: 32 * MIB },
    { entries: 10_000, bytes: 32 * MIB },
  ])
})

it('every cache of a cluster is bounded', () => {
  made.length = 0
  const api = { send: async () => ({}), open: () => expect.unreachable(), close: () => {} }
  const identity = openClusterIdentity(
    { watching: api, asking: api },
    {
      config: readConfig({
        env: { KSERVE_AUTHZ_KUBERNETES_INSTANT_REVOCATION: 'false' },
        flags: {},
      }),
      manifests: undefined,
      verifications: atOnce,
      decodeToken,
      ...reports,
    },
  )
  onTestFinished(identity.close)
  expect(new Set(made.map(({ entries, bytes }) => `${entries} and ${bytes / MIB} MiB`))).toEqual(
    new Set(['10000 and 32 MiB', '2000 and 2 MiB', '50000 and 16 MiB']),
  )
})
