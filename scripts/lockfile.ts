// Completes package-lock.json. If the registry does not have the packages of other platforms, npm
// omits them when it writes the file, and `npm ci` then refuses the file.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The packages of a lockfile by their path in the tree; the project's own path is ''. */
export type Packages = Readonly<Record<string, Entry>>
type Entry = Readonly<Record<string, unknown>>

const LOCKFILE = fileURLToPath(new URL('../package-lock.json', import.meta.url))
const OS = /\b(aix|android|darwin|freebsd|linux|netbsd|openbsd|openharmony|sunos|win32)\b/
const CPU = /\b(arm64|arm|ia32|loong64|mips64el|ppc64|riscv64|s390x|wasm32|x64)\b/

export function packagesOf(lockfile: unknown): Packages {
  const packages = isRecord(lockfile) ? lockfile.packages : undefined
  if (!isRecord(packages)) throw new Error('the lockfile has no packages')
  return Object.fromEntries(
    Object.entries(packages).flatMap(([place, entry]) => (isRecord(entry) ? [[place, entry]] : [])),
  )
}

/** An entry for each optional dependency without one. npm only needs an entry, and skips the package. */
export function missingFrom(packages: Packages): Packages {
  const missing = Object.entries(packages).flatMap(([parent, entry]) =>
    optionalOf(entry)
      .filter(([name, version]) => !isHeld(packages, parent, name, version))
      .map(([name, version]): [string, Entry] => {
        const top = placeOf('', name)
        const place = packages[top] === undefined ? top : placeOf(parent, name)
        return [place, entryFor(name, version, entry.dev === true)]
      }),
  )
  return Object.fromEntries(missing)
}

function optionalOf(entry: Entry): [name: string, version: string][] {
  const { optionalDependencies } = entry
  if (!isRecord(optionalDependencies)) return []
  return Object.entries(optionalDependencies).map(([name, version]) => [name, String(version)])
}

/** Whether the package is at or above a path of the tree. */
function isHeld(packages: Packages, place: string, name: string, version: string): boolean {
  const held = packages[placeOf(place, name)]
  if (held !== undefined) return !isExact(version) || held.version === version
  if (place === '') return false
  const above = place.slice(0, Math.max(0, place.lastIndexOf('/node_modules/')))
  return isHeld(packages, above, name, version)
}

const placeOf = (parent: string, name: string) =>
  parent === '' ? `node_modules/${name}` : `${parent}/node_modules/${name}`

const isExact = (version: string) => /^\d/.test(version)

/** The name contains the platform. Without it, npm would install the package on every platform. */
function entryFor(name: string, version: string, dev: boolean): Entry {
  const os = OS.exec(name)?.[1]
  const cpu = CPU.exec(name)?.[1]
  const libc = os === 'linux' ? /-(musl|gnu)/.exec(name)?.[1] : undefined
  if (cpu === undefined || !isExact(version)) {
    throw new Error(`cannot determine the platform and version of ${name}@${version}`)
  }
  return {
    version,
    cpu: [cpu],
    ...(dev && { dev }),
    ...(libc !== undefined && { libc: [libc === 'gnu' ? 'glibc' : libc] }),
    optional: true,
    ...(os !== undefined && { os: [os] }),
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function completeFile(): void {
  const lockfile: unknown = JSON.parse(readFileSync(LOCKFILE, 'utf8'))
  const packages = packagesOf(lockfile)
  const missing = missingFrom(packages)
  const entries = Object.entries({ ...packages, ...missing })
  entries.sort(([a], [b]) => a.localeCompare(b, 'en'))
  const completed = { ...(isRecord(lockfile) && lockfile), packages: Object.fromEntries(entries) }
  writeFileSync(LOCKFILE, `${JSON.stringify(completed, undefined, 2)}\n`)
  console.log(`package-lock.json: ${Object.keys(missing).length} entries added`)
}

if (import.meta.main) completeFile()
