// Reads the configuration of a command line.

import { type Config, ConfigError, readConfig } from '../config/read-config.ts'
import type { ServeFlags } from './flags.ts'
import { readInput } from './read-input.ts'

/** Reads the configuration of a command line. Throws a ConfigError or a UsageError. */
export function configOf(flags: ServeFlags): Config {
  const { config: path, ...rest } = flags
  const file = path === undefined ? undefined : { path, text: readInput('--config', path) }
  return readConfig({ file, env: process.env, flags: { ...rest, configFile: path } })
}

/** The same, for the service itself. */
export function serviceConfigOf(flags: ServeFlags): Config {
  const config = configOf(flags)
  if (config.http.auth === 'tokenReview' && flags.manifests !== undefined)
    throw new ConfigError([NO_API_SERVER])
  return config
}

const NO_API_SERVER =
  'http.auth: `tokenReview` needs an API server: it cannot be used with --manifests'
