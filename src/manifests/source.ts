// Reads a folder of Kubernetes objects. The entry point of this folder.

import { setImmediate } from 'node:timers/promises'
import type { Directory } from '../access/directory.ts'
import { inSlices, type Work } from '../common/slices.ts'
import { textAt } from '../resources/object.ts'
import type { Problem } from '../resources/problem.ts'
import type { ReadSettings } from '../resources/read-settings.ts'
import { type ResourceReading, readResource } from '../resources/resource.ts'
import type { ServiceAccount } from '../resources/service-account.ts'
import { sharingParts } from '../resources/sharing.ts'
import type { TokenSecret } from '../resources/token-secret.ts'
import type { FileChange } from './changes.ts'
import { createConfiguration } from './configuration.ts'
import { createDeclarations, type FileContent } from './declarations.ts'
import { type Documents, type FileReading, readDocuments } from './documents.ts'
import { type FolderLimits, followFolder } from './folder.ts'
import type { Grantee, RbacUser, ResourceAccess } from './rbac-authorizer.ts'
import { createManifestStore, type ManifestStore } from './store.ts'
import type { Fault } from './yaml.ts'

export type ManifestsOptions = {
  readonly folder: string
  readonly settings: ReadSettings
  /** Receives the services, workloads, keys and policies. */
  readonly directory: Pick<
    Directory,
    | 'services'
    | 'workloads'
    | 'proxies'
    | 'keys'
    | 'policies'
    | 'routes'
    | 'keysWith'
    | 'servicesNamed'
    | 'servicesRoutedBy'
    | 'modelHeaders'
  >
  readonly report: (problem: Problem) => void
  readonly limits?: Partial<FolderLimits>
  /** Called between two slices of applying changes. */
  readonly turn?: () => Promise<unknown>
}

/** The owner of a token: a ServiceAccount in the folder. */
export type TokenCaller = Omit<TokenSecret, 'digest'>

export type Manifests = {
  /** The caller whose token has this digest (SHA-256, lower-case hex). */
  readonly tokenCaller: (digest: string) => TokenCaller | undefined
  readonly serviceAccount: (namespace: string, name: string) => ServiceAccount | undefined
  /** Whether RBAC allows the user to `get` a resource. The user's groups must include the implicit ones. */
  readonly allows: (user: RbacUser, access: ResourceAccess) => boolean
  /** The subjects whom RBAC allows to do so, with the bindings that say it. */
  readonly grantees: (access: ResourceAccess) => readonly Grantee[]
  readonly state: () => ManifestsState
  /** Resolves when no more changes will be applied. */
  readonly close: () => Promise<void>
}

type ManifestsState = {
  /** The number of files in force. */
  readonly files: number
  /** Files and folders that cannot be read now, by path in the folder. */
  readonly unreadable: readonly string[]
  /** When the folder was last scanned, as `performance.now()`. */
  readonly lookedAt: number
}

/** A file cannot be read at start, which ends the program. The message names every such file, one per line. */
export class ManifestsError extends Error {
  override readonly name = 'ManifestsError'

  constructor(faults: ReadonlyMap<string, string>) {
    const lines = [...faults].map(([file, fault]) => `  ${file || 'the folder'}: ${fault}`)
    super(`manifests that cannot be read:\n${lines.sort().join('\n')}`)
  }
}

/**
 * Reads a folder of Kubernetes objects and follows its changes until closed. Throws a ManifestsError if a
 * file cannot be read at start. If one cannot be read later, its keys, tokens and bindings are removed. Its
 * services and pods stay, with the services lost, until it can be read or is deleted.
 */
export async function openManifests(options: ManifestsOptions): Promise<Manifests> {
  const holdings = createManifestStore(options.directory)
  let started = false
  const files = createFiles(options.settings, (problem) => {
    if (started) options.report(problem)
  })
  const configure = createConfiguration(options.settings, options.directory.modelHeaders)
  const declare = createDeclarations(holdings, options.report)
  function* take(contents: ReadonlyMap<string, FileContent>): Work<void> {
    yield* declare(yield* configure(contents))
  }
  const folder = await followFolder<FileReading<ResourceReading>>({
    folder: options.folder,
    read: files.read,
    apply: (changes) =>
      inSlices(
        take(new Map(changes.map((change) => [change.path, files.take(change)]))),
        options.turn ?? (() => setImmediate()),
      ),
    report: (message) => options.report({ object: 'Folder', reason: 'FolderFault', message }),
    ...(options.limits && { limits: options.limits }),
  })
  if (files.faults.size > 0) {
    await folder.close()
    throw new ManifestsError(files.faults)
  }
  started = true
  return {
    tokenCaller: (digest) => callerOf(holdings, digest),
    serviceAccount: holdings.serviceAccount,
    allows: holdings.allows,
    grantees: holdings.grantees,
    state: () => ({
      files: files.count(),
      unreadable: [...files.faults.keys()],
      lookedAt: folder.lookedAt(),
    }),
    close: folder.close,
  }
}

/** What was read from each file, and the faults of unreadable ones. */
function createFiles(settings: ReadSettings, report: (problem: Problem) => void) {
  const documentsIn = new Map<string, Documents<ResourceReading>>()
  const faults = new Map<string, string>()

  const read = (file: string, bytes: Uint8Array) =>
    readDocuments(
      bytes,
      (object) =>
        isKustomization(file, object) ? IGNORED_READING : readResource(object, settings),
      documentsIn.get(file),
      sharingParts,
    )

  const lose = (file: string, fault: string): FileContent => {
    documentsIn.delete(file)
    faults.set(file, fault)
    report({
      object: file === '' ? 'Folder' : `File ${file}`,
      reason: 'UnreadableFile',
      message: `${fault}: until this is fixed, its API keys, tokens and bindings are not in force and its services deny all requests`,
    })
    return 'lost'
  }
  const take = (change: FileChange<FileReading<ResourceReading>>): FileContent => {
    const { kind, path } = change
    if (kind === 'unreadable') return lose(path, change.reason)
    if (kind === 'read' && change.content.kind === 'faulty')
      return lose(path, describe(change.content.fault))
    faults.delete(path)
    documentsIn.delete(path)
    if (kind === 'gone' || change.content.kind === 'faulty') return []
    documentsIn.set(path, change.content.documents)
    return change.content.objects
  }
  return { read, take, faults, count: () => documentsIn.size }
}

/** kustomize does not require a kind in its own file. */
const isKustomization = (file: string, object: unknown): boolean =>
  KUSTOMIZATION.test(file) && textAt(object, 'kind') === undefined

const KUSTOMIZATION = /(?:^|[/\\])(?:kustomization\.ya?ml|Kustomization)$/

const IGNORED_READING: ResourceReading = {
  identity: undefined,
  resource: { kind: 'ignored' },
  problems: [],
}

const describe = ({ reason, line, column }: Fault) =>
  line === undefined ? reason : `line ${line}, column ${column}: ${reason}`

function callerOf(
  { tokensWith, serviceAccount }: Pick<ManifestStore, 'tokensWith' | 'serviceAccount'>,
  digest: string,
): TokenCaller | undefined {
  const [token, ...others] = tokensWith(digest)
  if (token === undefined || others.length > 0) return undefined
  const account = serviceAccount(token.namespace, token.serviceAccount)
  if (account === undefined) return undefined
  const sameUid = token.uid === undefined || account.uid === undefined || token.uid === account.uid
  if (!sameUid) return undefined
  const { namespace, secretName } = token
  return { namespace, secretName, serviceAccount: account.name, uid: account.uid ?? token.uid }
}
