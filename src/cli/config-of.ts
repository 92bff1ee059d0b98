// Reads the configuration of a command line.

import { type Config, readConfig } from '../config/read-config.ts'
import type { ServeFlags } from './flags.ts'
import { readInput } from './read-input.ts'

/** Reads the configuration of a command line. Throws a ConfigError or a UsageError. */
export function configOf(flags: ServeFlags): Config {
  const { config: path, ...rest } = flags
  const file = path === undefined ? undefined : { path, text: readInput('--config', path) }
  return readConfig({ file, env: process.env, flags: { ...rest, configFile: path } })
}
