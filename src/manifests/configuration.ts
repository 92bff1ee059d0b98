// Applies KServe's configuration in a folder to the services of the folder.

import type { ModelHeaders } from '../access/directory.ts'
import type { Work } from '../common/slices.ts'
import {
  type KserveConfiguration,
  NO_CONFIGURATION,
  readKserveConfiguration,
} from '../resources/kserve-configuration.ts'
import type { LlmConfig } from '../resources/llm-config.ts'
import type { ReadSettings } from '../resources/read-settings.ts'
import { type ResourceReading, readResource } from '../resources/resource.ts'
import type { FileContent } from './declarations.ts'

type Contents = ReadonlyMap<string, FileContent>

/**
 * Applies KServe's configuration in the folder (its ConfigMap and LLMInferenceServiceConfigs) to services.
 * Takes the new content of files and returns every file whose services change. The configuration of a lost
 * file stays.
 */
export function createConfiguration(
  settings: ReadSettings,
  modelHeaders: ModelHeaders,
): (contents: Contents) => Work<Contents> {
  const files = new Map<string, readonly ResourceReading[]>()
  const configsIn = new Map<string, readonly ResourceReading[]>()
  const known = new WeakMap<
    ResourceReading,
    { readonly version: number; readonly reading: ResourceReading }
  >()
  let current = settings
  let version = 0

  const again = (reading: ResourceReading): ResourceReading => {
    if (version === 0 || reading.content === undefined) return reading
    const found = known.get(reading)
    if (found?.version === version) return found.reading
    const made = readResource(reading.content, current)
    known.set(reading, { version, reading: made })
    return made
  }

  /** Whether the configuration has changed. */
  function takeConfigs(contents: Contents): boolean {
    let changed = false
    for (const [file, content] of contents) {
      if (content === 'lost') continue
      const configs = content.filter(isConfig)
      changed ||= configs.length > 0 || configsIn.has(file)
      if (configs.length === 0) configsIn.delete(file)
      else configsIn.set(file, configs)
    }
    return changed
  }

  function configure() {
    const readings = [...configsIn.keys()].sort().flatMap((file) => configsIn.get(file) ?? [])
    const configuration = configurationIn(readings)
    const llmConfigs = llmConfigsIn(readings)
    const { kserveNamespace = '' } = settings.kubernetes ?? {}
    current = {
      ...settings,
      ...configuration,
      llmConfig: (namespace, name) =>
        llmConfigs.get(`${namespace}/${name}`) ?? llmConfigs.get(`${kserveNamespace}/${name}`),
    }
    // Gateways keep the header of the last configuration that KServe could read.
    if (configuration.ingress !== undefined) modelHeaders.set(configuration.ingress.modelHeader)
    version += 1
  }

  return function* take(contents) {
    for (const [file, content] of contents) {
      if (content === 'lost' || content.length === 0) files.delete(file)
      else files.set(file, content)
    }
    const changed = takeConfigs(contents)
    if (changed) configure()
    const touched = changed ? new Map<string, FileContent>([...files, ...contents]) : contents
    const taken = new Map<string, FileContent>()
    for (const [file, content] of touched)
      taken.set(file, content === 'lost' ? content : yield* all(content))
    return taken
  }

  function* all(content: readonly ResourceReading[]): Work<readonly ResourceReading[]> {
    const readings: ResourceReading[] = []
    for (const reading of content) {
      readings.push(again(reading))
      yield UNITS
    }
    return readings
  }
}

/** Cost of reading one object. */
const UNITS = 50

const isConfig = ({ resource: { kind } }: ResourceReading): boolean =>
  kind === 'kserve-configuration' || kind === 'llm-config'

function configurationIn(readings: readonly ResourceReading[]): KserveConfiguration {
  for (const { resource } of readings) {
    if (resource.kind === 'kserve-configuration') {
      return readKserveConfiguration(resource.configMap).configuration
    }
  }
  return NO_CONFIGURATION
}

function llmConfigsIn(readings: readonly ResourceReading[]): ReadonlyMap<string, LlmConfig> {
  const configs = new Map<string, LlmConfig>()
  for (const { resource } of readings) {
    if (resource.kind === 'llm-config') {
      configs.set(`${resource.namespace}/${resource.name}`, resource.config)
    }
  }
  return configs
}
