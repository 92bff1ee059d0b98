import path from 'node:path'
import { createIdentities } from '../scenario/identities.ts'
import type { Certificate } from './secrets.ts'

const GATEWAY = 'istio-system/istio-ingressgateway'

export type Identities = Awaited<ReturnType<typeof startIdentities>>

/** Certificates of ServiceAccounts, `namespace/name`, all from one authority. */
export async function startIdentities(folder: string) {
  const identities = await createIdentities(path.join(folder, 'identities'), [GATEWAY])
  const pending = new Map<string, Promise<void>>()
  return {
    /** Resolves once it can be presented. */
    issue: async (account: string): Promise<Certificate> => {
      if (identities.clientOf(account) === undefined) {
        const issuing = pending.get(account) ?? identities.issue(account)
        pending.set(account, issuing)
        await issuing
      }
      const certificate = identities.clientOf(account)
      if (certificate === undefined) throw new Error(`no certificate for ${account}`)
      return certificate
    },
    of: (account: string): Certificate | undefined => identities.clientOf(account),
  }
}
