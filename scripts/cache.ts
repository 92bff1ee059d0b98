import { access, readdir, rm, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import path from 'node:path'

/** Where programs are kept. A relative XDG_CACHE_HOME is to be ignored (XDG Base Directory Specification). */
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

/** Removes what was left behind under such a name by one that was killed: older than any may live. */
export async function removeAbandoned(cache: string, prefix: string, longestMs: number) {
  for (const name of await readdir(cache)) {
    if (!name.startsWith(prefix)) continue
    const folder = path.join(cache, name)
    const made = await stat(folder).then(({ birthtimeMs }) => birthtimeMs, Number)
    if (Date.now() - made > 2 * longestMs) await rm(folder, { recursive: true, force: true })
  }
}
