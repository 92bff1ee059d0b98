import { expect, it, onTestFinished, vi } from 'vitest'
import type { Asker } from '../../src/access/identify.ts'
import { openClusterIdentity } from '../../src/app/cluster-identity.ts'
import { readConfig } from '../../src/config/read-config.ts'
import { decodeToken } from '../../src/tokens/decode-token.ts'

const REFUSED = { status: { authenticated: false } }

/** Asks for tokens that the cluster may not have signed, each another one; how many were shed, by cause. */
async function shedOf(askers: readonly Asker[]) {
  const sheds = new Map<string, number>()
  const api = {
    send: async () => REFUSED,
    open: () => expect.unreachable(),
    close: () => {},
  }
  const identity = openClusterIdentity(
    { watching: api, asking: api },
    {
      config: readConfig({
        file: {
          path: 'config.yaml',
          text: 'kubernetes: {instantRevocation: false, issuer: https://cluster.example.com, opaqueTokenPrefixes: [opaque-]}',
        },
        env: {},
        flags: {},
      }),
      manifests: undefined,
      reportProblem: () => {},
      reportFault: () => {},
      reportOutage: () => {},
      observeShed: (cause) => sheds.set(cause, (sheds.get(cause) ?? 0) + 1),
      decodeToken,
      verifications: { shed: () => {}, inTurn: (_queueKey, verify) => verify() },
    },
  )
  onTestFinished(identity.close)
  for (const [index, asker] of askers.entries()) {
    const value = `opaque-${index}`
    const shown = { kind: 'presented', value, places: [], asToken: true, asApiKey: false } as const
    // One at a time: none waits for its turn.
    await identity.authenticateToken(shown, value, asker, undefined)
  }
  return Object.fromEntries(sheds)
}

const asker = (name: string, namespace: string, proxy: string): Asker => ({
  service: { kind: 'InferenceService', namespace, name },
  proxy: () => proxy,
})
const askers = (count: number, make: (index: number) => Asker) =>
  Array.from({ length: count }, (_, index) => make(index))

it.each([
  ['service', 120, () => asker('iris', 'team', 'p')],
  ['tenant', 170, (index: number) => asker(`s-${index}`, 'team', 'p')],
  ['proxy', 220, (index: number) => asker(`s-${index}`, `team-${index}`, 'p')],
  ['all', 440, (index: number) => asker(`s-${index}`, `team-${index}`, `p-${index}`)],
] as const)(
  'tokens that the cluster may not have signed are bounded: %s',
  async (cause, count, make) => {
    // The allowances do not grow meanwhile.
    vi.useFakeTimers({ toFake: ['performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const sheds = await shedOf(askers(count, make))
    expect(Object.keys(sheds)).toEqual([`tokenreview-${cause}`])
  },
)
