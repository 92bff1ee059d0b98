import { access, readdir, rm, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import path from 'node:path'

/** The cache of programs. Ignores a relative XDG_CACHE_HOME (XDG Base Directory Specification). */
export function cacheFolder() {
  const xdg = process.env.XDG_CACHE_HOME
  const base = xdg !== undefined && path.isAbsolute(xdg) ? xdg : path.join(homedir(), '.cache')
  return path.join(base, 'kserve-authz')
}

export const exists = (file: string) =>
  access(file).then(
    () => true,
    () => false,
  )

/** Removes leftovers of killed processes: entries with such a name that are older than any running one. */
export async function removeAbandoned(cache: string, prefix: string, longestMs: number) {
  for (const name of await readdir(cache)) {
    if (!name.startsWith(prefix)) continue
    const folder = path.join(cache, name)
    const made = await stat(folder).then(({ birthtimeMs }) => birthtimeMs, Number)
    if (Date.now() - made > 2 * longestMs) await rm(folder, { recursive: true, force: true })
  }
}
