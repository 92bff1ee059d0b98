// Examines files of manifests and configurations.

import { readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { loadAll } from 'js-yaml'
import { readSettingsOf } from '../app/reading-settings.ts'
import { isRecord } from '../common/json.ts'
import { ConfigError, readConfig } from '../config/read-config.ts'
import { configReference } from '../config/reference.ts'
import { MANIFEST_SCHEMA, parseDocument } from '../manifests/yaml.ts'
import { textAt } from '../resources/object.ts'
import type { ReadSettings } from '../resources/read-settings.ts'
import { readResource } from '../resources/resource.ts'
import { readInput } from './read-input.ts'
import { fieldIn, placesIn } from './yaml-places.ts'

/** Something to mend. */
export type Finding = {
  readonly code: string
  readonly message: string
  /** Absent: it is about an object of a cluster. */
  readonly file?: string
  readonly line?: number
  readonly column?: number
}

/** The findings of files and folders, and where each object is declared. */
export type FilesReading = {
  readonly findings: readonly Finding[]
  /** By kind, namespace and name. */
  readonly declared: ReadonlyMap<string, Finding>
}

/** Examines files and folders. `config`: the configuration of all objects; absent: the nearest one of each. */
export function lintFiles(paths: readonly string[], config: string | undefined): FilesReading {
  const findings: Finding[] = []
  const declared = new Map<string, Finding>()
  const settingsOf = createSettings(config)
  for (const root of paths) {
    for (const file of filesIn(root)) {
      const text = readFileSync(file, 'utf8')
      const objects = parseDocument({ text, line: 1, column: 1 })
      const documents = documentsIn(text)
      const foreign = foreignOnly(documents)
      if (foreign.some(isConfiguration)) findings.push(...lintConfig(file, text))
      if (foreign.length > 0 && !foreign.some(isObjectLike)) continue
      if ('reason' in objects) {
        const { reason: message, line = 1, column = 1 } = objects
        findings.push({ code: 'UnreadableFile', message, file, line, column })
        continue
      }
      const settings = settingsOf(file, root)
      const places = placesIn(text)
      for (const { object, document, at } of addressed(documents)) {
        const reading = readResource(object, settings)
        if (reading.identity !== undefined)
          declared.set(reading.identity, {
            code: '',
            message: '',
            file,
            ...places.find(document, at),
          })
        findings.push(
          ...reading.problems.map((problem) => ({
            code: problem.reason,
            message: `${problem.object}: ${problem.message}`,
            file,
            ...places.find(document, [...at, ...fieldIn(problem.message)]),
          })),
        )
      }
    }
  }
  return { findings, declared }
}

const FILE = /\.(?:ya?ml|json)$/

/** The files of a path, in order; hidden ones and installed packages are left out. */
function filesIn(root: string): readonly string[] {
  if (!statSync(root).isDirectory()) return [root]
  return readdirSync(root, { withFileTypes: true })
    .toSorted((one, other) => (one.name < other.name ? -1 : 1))
    .filter(({ name }) => !name.startsWith('.') && name !== 'node_modules')
    .flatMap((entry) => {
      const name = path.join(root, entry.name)
      if (entry.isDirectory()) return filesIn(name)
      return entry.isFile() && FILE.test(name) && !/^kustomization\.ya?ml$/.test(entry.name)
        ? [name]
        : []
    })
}

/** Documents, if all of them lack a kind or an apiVersion; empty otherwise. */
function foreignOnly(all: readonly unknown[]): readonly unknown[] {
  const documents = all.filter((each) => each !== null && each !== undefined)
  return documents.some((each) => textAt(each, 'kind') && textAt(each, 'apiVersion'))
    ? []
    : documents
}

/** Aliases are allowed here: what has them may be no manifest. */
const TOLERATED_ALIASES = 10_000

function documentsIn(text: string): readonly unknown[] {
  try {
    return loadAll(text, { schema: MANIFEST_SCHEMA, maxAliases: TOLERATED_ALIASES })
  } catch {
    return []
  }
}

const OBJECT_KEYS = ['kind', 'apiVersion', 'metadata', 'spec'] as const

/** Whether a document without kind or apiVersion may have been meant as an object. */
const isObjectLike = (document: unknown): boolean =>
  isRecord(document) && OBJECT_KEYS.filter((key) => Object.hasOwn(document, key)).length > 1

const SECTIONS = new Set(configReference().map(({ key }) => key.split('.')[0] ?? ''))

/** Whether every key of a document is one of the configuration's. */
const isConfiguration = (document: unknown): boolean =>
  isRecord(document) &&
  Object.keys(document).length > 0 &&
  Object.keys(document).every((key) => SECTIONS.has(key))

/** The problems of a configuration, each at its key. */
function lintConfig(file: string, text: string): readonly Finding[] {
  try {
    readConfig({ file: { path: file, text }, env: {}, flags: {} })
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const places = placesIn(text)
    return error.problems.map((problem) => {
      const message = problem.startsWith(`${file}: `) ? problem.slice(file.length + 2) : problem
      const [, line, column] = /:(\d+):(\d+): /.exec(problem) ?? []
      const place =
        line === undefined
          ? places.find(0, fieldIn(`${message.split(':')[0]}.`))
          : { line: Number(line), column: Number(column) }
      return { code: 'InvalidConfiguration', message, file, ...place }
    })
  }
}

type Addressed = {
  readonly object: unknown
  readonly document: number
  /** Its path in the document: not empty for an item of a List. */
  readonly at: readonly (string | number)[]
}

/** The objects of a text, with their places. */
function addressed(documents: readonly unknown[]): readonly Addressed[] {
  return documents.flatMap((content, document) => {
    if (content === null || content === undefined) return []
    const items = isRecord(content) ? content.items : undefined
    if (!Array.isArray(items)) return [{ object: content, document, at: [] }]
    const parsed = parseDocument({ text: JSON.stringify(content), line: 1, column: 1 })
    if ('reason' in parsed) return []
    const isListed = parsed.length === items.length
    return parsed.map((object, index) => ({
      object,
      document,
      at: isListed ? ['items', index] : [],
    }))
  })
}

/** The settings for the objects of a file. */
function createSettings(given: string | undefined) {
  const known = new Map<string, ReadSettings>()
  return (file: string, root: string): ReadSettings => {
    const name = given ?? nearestConfig(file, root) ?? ''
    const settings = known.get(name) ?? settingsFrom(name)
    known.set(name, settings)
    return settings
  }
}

function nearestConfig(file: string, root: string): string | undefined {
  const last = path.resolve(statSync(root).isDirectory() ? root : path.dirname(root))
  for (let folder = path.dirname(path.resolve(file)); ; folder = path.dirname(folder)) {
    const name = path.join(folder, 'config.yaml')
    if (isFile(name) && documentsIn(readFileSync(name, 'utf8')).some(isConfiguration)) return name
    if (folder === last || folder === path.dirname(folder)) return undefined
  }
}

function isFile(name: string): boolean {
  return statSync(name, { throwIfNoEntry: false })?.isFile() === true
}

/** An invalid configuration is a finding of its own: then the defaults apply. */
function settingsFrom(name: string): ReadSettings {
  const text = name === '' ? '' : readInput('--config', name)
  const file = name === '' || lintConfig(name, text).length > 0 ? undefined : { path: name, text }
  return readSettingsOf(readConfig({ file, env: {}, flags: {} }))
}
