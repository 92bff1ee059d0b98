import type { SourceEdits } from './overlay.ts'

/** A folder with go.mod and go.sum, and the parts that are built or copied from it. */
export type GoModule = {
  readonly folder: string
  /** Part of the name of its folder in the cache; absent: that of `folder`. */
  readonly name?: string
  /** The version that go.mod requires; part of the name of its folder in the cache. */
  readonly version: string
  /** Duration of a full build, for the progress message. */
  readonly duration: string
  readonly parts: readonly Part[]
}

export type Part = Program | ModuleFile

export type Program = {
  /** The environment variable that names an existing binary. */
  readonly variable: string
  readonly file: string
  readonly source: string
  readonly tags?: string
  readonly linker?: string
  readonly edits?: SourceEdits
  /** Arguments that print its version. */
  readonly ask: string
  readonly version: string
  readonly versionIn: RegExp
}

/** Files that come with one of the required modules, joined in this order. Several files are YAML. */
export type ModuleFile = {
  readonly variable: string
  readonly file: string
  readonly module: string
  /** A path in a folder; all YAML files below it are taken. */
  readonly paths: readonly [string, ...string[]]
}
