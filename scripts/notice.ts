// Writes NOTICE: the licences of the packages that an installation contains, from the lockfile.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { packagesOf } from './lockfile.ts'

const fileAt = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url))

const HEAD = `kserve-authz
Licensed under the Apache License, Version 2.0. The file LICENSE has its text.

The files below proto/ are a subset of the API of Envoy (https://www.envoyproxy.io) and of
google.rpc.Status (https://github.com/googleapis/googleapis), both under the Apache License,
Version 2.0.

An installation contains the following packages. The folder of each below node_modules/ has the
text of its licence.
`

/** The runtime packages by their licence, each as name@version. */
export function licencesOf(lockfile: unknown): ReadonlyMap<string, readonly string[]> {
  const byLicence = new Map<string, Set<string>>()
  for (const [place, { version, license, dev }] of Object.entries(packagesOf(lockfile))) {
    if (place === '' || dev === true) continue
    const name = place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length)
    if (typeof license !== 'string') throw new Error(`the lockfile has no licence of ${name}`)
    byLicence.set(license, (byLicence.get(license) ?? new Set()).add(`${name}@${String(version)}`))
  }
  return new Map(
    [...byLicence].toSorted(byName).map(([licence, names]) => [licence, [...names].toSorted()]),
  )
}

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]) =>
  a < b ? -1 : 1

export function noticeOf(lockfile: unknown): string {
  const sections = [...licencesOf(lockfile)].map(
    ([licence, names]) => `\n${licence}\n${names.map((name) => `  ${name}\n`).join('')}`,
  )
  return HEAD + sections.join('')
}

if (import.meta.main) {
  writeFileSync(
    fileAt('NOTICE'),
    noticeOf(JSON.parse(readFileSync(fileAt('package-lock.json'), 'utf8'))),
  )
}
