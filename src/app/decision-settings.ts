// The settings of the decision, from the configuration.

import { askingOf, type GatewayProxy } from '../access/asking.ts'
import { credentialSources } from '../access/credential.ts'
import { exclusionsWith } from '../access/exclusions.ts'
import { type Gateways, hostMatcher } from '../access/gateways.ts'
import { permissionsWith } from '../access/permissions.ts'
import { createTable } from '../common/table.ts'
import type { Config } from '../config/read-config.ts'
import { declaredProxies } from '../resources/gateway-pod.ts'
import { placesOf } from './identity-providers.ts'

/** The settings of the decision. */
export const settingsOf = (config: Config) => ({
  exclusions: exclusionsWith(config.exclusions),
  permissions: permissionsWith(config.permissions),
  credentialSources: credentialSources(
    config.apiKeys.headers,
    config.jwt.providers.flatMap(placesOf),
    {
      schemes: config.apiKeys.schemes,
      tokenHeaders: config.kubernetes.tokenHeaders,
      subprotocols: config.webSocketProtocols,
    },
  ),
  jwtLength: config.jwt.maxTokenBytes,
  corsPreflight: config.corsPreflight,
  forwardCredential: config.forwardCredential,
  mesh: config.mesh,
  gateways: {
    isLlmHost: hostMatcher(config.gateways.llmHosts),
    hostPort: config.gateways.hostPort,
    unpublishedLlms: config.gateways.llmHosts.length === 0,
    ...askingIn(config.gateways),
  },
})

/** The gateways that ask, and their addresses, as configured. */
function askingIn({ asking, proxies }: Config['gateways']): Pick<Gateways, 'asking' | 'askingAt'> {
  const declared = createTable<GatewayProxy>(({ addresses }) => addresses)
  for (const [index, each] of declaredProxies(proxies).entries()) declared.put(`${index}`, each)
  return {
    asking: asking === null ? undefined : { gateways: new Set(asking) },
    askingAt: (address) => (declared.has(address) ? askingOf(declared.find(address)) : undefined),
  }
}
