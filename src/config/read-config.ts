// Reads the configuration from file, environment and flags.

import { introspectionClashes } from './introspection.ts'
import { prefixClashes } from './prefixes.ts'
import { configProblemsOf } from './problems.ts'
import { providerClashes } from './providers.ts'
import { KEYS } from './reference.ts'
import { CONFIG, type Config, type DeepReadonly } from './schema.ts'
import {
  readEnvironment,
  readFile,
  type Setting,
  type SettingsReading,
  setting,
  settingsWithin,
} from './settings.ts'
import { isSection, nameOf, schemaAt, shapeOf } from './shape.ts'

export type { Config } from './schema.ts'

/** The flags of the command line that set configuration keys. */
export type Flags = {
  readonly configFile?: string | undefined
  readonly manifests?: string | undefined
  readonly grpcAddress?: string | undefined
  readonly grpcWorkloadAddress?: string | undefined
  readonly httpAddress?: string | undefined
  readonly logLevel?: string | undefined
}

export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`invalid configuration:\n${problems.map((problem) => `  ${problem}`).join('\n')}`)
    this.problems = problems
  }
}

type Sources = {
  /** The file named by `--config`. */
  readonly file?: { readonly path: string; readonly text: string } | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly flags: Flags
}

/**
 * Reads the configuration once, at start: flags, then environment, then file, then defaults. Throws one
 * ConfigError with all problems, which quotes nothing that could be a secret.
 */
export function readConfig({ file, env, flags }: Sources): Config {
  const readings = [
    ...(flags.manifests === undefined ? [] : FOR_MANIFESTS),
    ...(file === undefined ? [] : [readFile(file)]),
    readEnvironment(env, KEYS),
    ...readFlags(flags),
  ]
  const settings = readings.flatMap((reading) => reading.settings)
  const good = new Map(
    settings
      .flatMap((each) => settingsWithin(each, schemaOf(each)))
      .filter((each) => configProblemsOf(each, schemaOf(each)).length === 0)
      .map((each) => [nameOf(each.path), each]),
  )
  const config = CONFIG.parse(assembled(good))
  const problems = [
    ...readings.flatMap((reading) => reading.problems),
    ...settings.flatMap((each) => configProblemsOf(each, schemaOf(each))),
    ...clashesIn(config, good),
    ...[prefixClashes, providerClashes, introspectionClashes]
      .flatMap((clashesOf) => clashesOf(config.jwt.providers))
      .map((clash) => `${good.get('jwt.providers')?.source ?? 'default'}: ${clash}`),
  ]
  if (problems.length > 0) throw new ConfigError(problems)
  return frozen(config)
}

const schemaOf = ({ path }: Setting) => schemaAt(CONFIG, path) ?? CONFIG

const LISTENERS = ['grpc', 'listeners']
const HTTP_ADDRESS = ['http', 'address']

type ListenerAddresses = {
  readonly gateway?: string | undefined
  readonly workload?: string | undefined
}

const twoListeners = (
  source: string,
  { gateway = '127.0.0.1:9003', workload = '127.0.0.1:9001' }: ListenerAddresses = {},
): SettingsReading =>
  setting(source, LISTENERS, [
    { position: 'gateway', address: gateway },
    { position: 'workload', address: workload },
  ])

/** With a folder instead of a cluster, only this machine may connect. */
const FOR_MANIFESTS = [twoListeners('default'), setting('default', HTTP_ADDRESS, '127.0.0.1:9002')]

function readFlags(flags: Flags): readonly SettingsReading[] {
  const { httpAddress, logLevel } = flags
  return [
    ...readListenerFlags(flags),
    ...(httpAddress === undefined ? [] : [setting('--http-address', HTTP_ADDRESS, httpAddress)]),
    ...(logLevel === undefined ? [] : [setting('--log-level', ['logLevel'], logLevel)]),
  ]
}

function readListenerFlags({
  manifests,
  grpcAddress: gateway,
  grpcWorkloadAddress: workload,
}: Flags): readonly SettingsReading[] {
  const given = [
    ...(gateway === undefined ? [] : ['--grpc-address']),
    ...(workload === undefined ? [] : ['--grpc-workload-address']),
  ]
  const [flag] = given
  if (flag === undefined) return []
  const listeners = twoListeners(given.join(', '), { gateway, workload })
  return manifests === undefined ? [listeners, withoutManifests(flag)] : [listeners]
}

const withoutManifests = (flag: string): SettingsReading => ({
  settings: [],
  problems: [`${flag}: needs --manifests; with a cluster set grpc.listeners`],
})

type SettingsByKey = ReadonlyMap<string, Setting>

function assembled(settings: SettingsByKey, path: readonly string[] = []): unknown {
  const schema = schemaAt(CONFIG, path) ?? CONFIG
  if (!isSection(schema)) return settings.get(nameOf(path))?.value
  return Object.fromEntries(
    Object.keys(shapeOf(schema)).map((name) => [name, assembled(settings, [...path, name])]),
  )
}

/** Headers with the same name, of which one would overwrite the other. Some parsers treat `_` as `-`. */
function clashesIn(
  { headers, apiKeys, kubernetes }: Config,
  settings: SettingsByKey,
): readonly string[] {
  const names = [
    ['headers.user', headers.user],
    ['headers.groups', headers.groups],
    ['headers.groupsJson', headers.groupsJson],
    ['headers.credential', headers.credential],
    ...Object.keys(headers.claims).map((name) => ['headers.claims', name] as const),
    ...Object.keys(headers.templates).map((name) => ['headers.templates', name] as const),
    ...apiKeys.headers.map((name) => ['apiKeys.headers', name] as const),
    ...kubernetes.tokenHeaders
      .filter((name) => !apiKeys.headers.includes(name))
      .map((name) => ['kubernetes.tokenHeaders', name] as const),
  ] as const
  const taken = new Map<string, string>()
  return names.flatMap(([key, name]) => {
    const spelling = name.replaceAll('_', '-')
    const other = taken.get(spelling)
    if (other === undefined) {
      taken.set(spelling, key)
      return []
    }
    const source = (settings.get(key) ?? settings.get(other))?.source ?? 'default'
    return [`${source}: ${key}: expected a header name other than that of ${other}`]
  })
}

function frozen<T>(value: T): DeepReadonly<T> {
  if (typeof value === 'object' && value !== null) Object.values(value).forEach(frozen)
  return Object.freeze(value)
}
