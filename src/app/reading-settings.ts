// The settings by which objects are read, from the configuration.

import { hash } from 'node:crypto'
import type { Config } from '../config/read-config.ts'
import type { ReadSettings } from '../resources/read-settings.ts'

/** The settings that the meaning of objects depends on. */
export const readSettingsOf = (config: Config): ReadSettings => ({
  ...config,
  providers: config.jwt.providers.map(({ name }) => name),
  ownHeaders: ownHeadersOf(config),
  sha256: (bytes) => hash('sha256', bytes),
})

/** The headers that policies may not set. */
const ownHeadersOf = ({ apiKeys, headers, jwt, kubernetes }: Config): readonly string[] => [
  ...apiKeys.headers,
  ...kubernetes.tokenHeaders,
  ...jwt.providers.flatMap(({ from }) => from.headers.map(({ name }) => name)),
  headers.user,
  headers.groups,
  headers.groupsJson,
  headers.credential,
  ...Object.keys(headers.claims),
  ...Object.keys(headers.templates),
]
