import type { ClusterClient } from './cluster-client.ts'
import type { ClusterService } from './cluster-service.ts'

type Places = {
  readonly services: readonly Pick<ClusterService, 'log' | 'decisions' | 'read'>[]
  readonly cluster: Pick<ClusterClient, 'get'>
}

/** What begins any part of a JWT but its signature, and what begins OpenShift's tokens. */
const CREDENTIAL = /eyJ[\w-]{8,}|sha256~[\w-]{8,}/g

/**
 * What stands of credentials in what services printed, in their metrics or in the events of a cluster: of any
 * token, and of these credentials.
 */
export async function tracesOf(
  credentials: readonly string[],
  { services, cluster }: Places,
): Promise<readonly string[]> {
  const pages = services.flatMap(({ read }) => ['/metrics', '/readyz?verbose'].map(read))
  // What has ended serves no pages any more.
  const served = await Promise.all(pages.map((page) => page.catch(() => undefined)))
  const printed = services.map(({ log, decisions }) => [log, decisions])
  const all = JSON.stringify([printed, served, await cluster.get('/api/v1/events')])
  // The signature tells a token from others, and is no word of anything else.
  const ends = credentials.map((credential) => credential.slice(-20))
  return [...(all.match(CREDENTIAL) ?? []), ...ends.filter((end) => all.includes(end))]
}
