// What the doctor needs of a configuration.

import { CLOCK_SKEW_SECONDS } from '../access/clock-skew.ts'
import { readSettingsOf } from '../app/reading-settings.ts'
import type { Config } from '../config/read-config.ts'
import type { Outside } from '../doctor/network.ts'
import type { PermissionScope } from '../doctor/permissions.ts'

/** `known`: whether it is that of the installation; otherwise some findings would be guesses. */
export const doctorSettings = (config: Config, known: boolean) => ({
  settings: readSettingsOf(config),
  certFile: config.grpc.tls?.certFile,
  tls: known ? config.grpc.tls !== null : undefined,
  outside: config.jwt.providers.flatMap(outsideOf),
  clockSkew: Math.min(
    CLOCK_SKEW_SECONDS,
    ...config.jwt.providers.map(({ clockSkew = CLOCK_SKEW_SECONDS }) => clockSkew),
  ),
})

/** Where the service reads the keys of an identity provider, or asks about opaque tokens. */
function outsideOf(provider: Config['jwt']['providers'][number]): readonly Outside[] {
  const { name, issuer, jwksUri, jwksFile, introspection } = provider
  if (jwksFile !== undefined) return []
  const url = URL.parse(introspection?.url ?? jwksUri ?? issuer)
  if (url === null) return []
  const port = Number(url.port) || (url.protocol === 'http:' ? 80 : 443)
  return [{ name: `the identity provider ${name} at ${url.hostname}`, port }]
}

/** What the permissions of the service depend on. */
export const permissionScope = ({ kubernetes, apiKeys, gateways }: Config): PermissionScope => ({
  ...kubernetes,
  apiKeyLabels: apiKeys.selector.matchLabels,
  discovers: { issuer: kubernetes.issuer === null, keys: kubernetes.jwksFile === null },
  gatewayPods: gateways.proxies.flatMap((proxy) => ('podLabels' in proxy ? proxy : [])),
})
