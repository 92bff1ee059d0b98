// Reads the configuration of a command line.

import { readFileSync } from 'node:fs'
import { type Config, readConfig } from '../config/read-config.ts'
import type { ServeFlags } from './flags.ts'

/** Reads the configuration of a command line. Throws a ConfigError, or the error of reading its file. */
export function configOf(flags: ServeFlags): Config {
  const { config: path, ...rest } = flags
  const file = path === undefined ? undefined : { path, text: readFileSync(path, 'utf8') }
  return readConfig({ file, env: process.env, flags: { ...rest, configFile: path } })
}
