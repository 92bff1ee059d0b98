// Prints the software bill of materials of an installation (CycloneDX 1.5), from the lockfile. The same lockfile gives the same text.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Packages, packagesOf } from './lockfile.ts'

const LOCKFILE = fileURLToPath(new URL('../package-lock.json', import.meta.url))
const FOLDER = 'node_modules/'

type Component = {
  readonly 'bom-ref': string
  readonly type: 'library' | 'application'
  readonly name: string
  readonly version: string
  readonly purl: string
  readonly licenses: readonly object[]
  readonly hashes?: readonly object[]
}

export type Sbom = {
  readonly bomFormat: 'CycloneDX'
  readonly specVersion: '1.5'
  readonly serialNumber: string
  readonly version: 1
  readonly metadata: { readonly component: Component }
  readonly components: readonly Component[]
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[]
}

/** Of the runtime packages. */
export function sbomOf(lockfile: unknown): Sbom {
  const packages = packagesOf(lockfile)
  const places = Object.keys(packages).filter(
    (place) => place !== '' && packages[place]?.dev !== true,
  )
  const components = new Map(
    places.map((place) => componentAt(packages, place)).map((each) => [each['bom-ref'], each]),
  )
  const root = { ...componentAt(packages, ''), type: 'application' as const }
  const edges = ['', ...places].map((place) => ({
    ref: refOf(packages, place),
    dependsOn: [...new Set(dependenciesOf(packages, place))].toSorted(),
  }))
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    serialNumber: `urn:uuid:${uuidOf(JSON.stringify([...components]))}`,
    version: 1,
    metadata: { component: root },
    components: [...components.values()],
    dependencies: [...new Map(edges.map((edge) => [edge.ref, edge])).values()],
  }
}

function componentAt(packages: Packages, place: string): Component {
  const { version, license, integrity } = packages[place] ?? {}
  const name = nameAt(packages, place)
  return {
    'bom-ref': refOf(packages, place),
    type: 'library',
    name,
    version: String(version),
    purl: `pkg:npm/${name.replace('@', '%40')}@${String(version)}`,
    licenses: [{ license: { id: String(license) } }],
    ...(typeof integrity === 'string' && { hashes: integrity.split(' ').map(hashOf) }),
  }
}

/** Of a Subresource Integrity value, such as `sha512-<base64>`. */
function hashOf(integrity: string): object {
  const [algorithm = '', digest = ''] = integrity.split(/-(.*)/s)
  const content = Buffer.from(digest, 'base64').toString('hex')
  return { alg: algorithm.toUpperCase().replace('SHA', 'SHA-'), content }
}

const nameAt = (packages: Packages, place: string) =>
  place === '' ? String(packages['']?.name) : place.slice(place.lastIndexOf(FOLDER) + FOLDER.length)

const refOf = (packages: Packages, place: string) =>
  `${nameAt(packages, place)}@${String(packages[place]?.version)}`

function dependenciesOf(packages: Packages, place: string): readonly string[] {
  const { dependencies, optionalDependencies } = packages[place] ?? {}
  const names = [dependencies, optionalDependencies].flatMap((each) => Object.keys(each ?? {}))
  return names.flatMap((name) => {
    const found = resolved(packages, place, name)
    return found === undefined ? [] : [refOf(packages, found)]
  })
}

/** As Node.js does: in the folder of the package, then in those above it. */
function resolved(packages: Packages, place: string, name: string): string | undefined {
  const inner = place === '' ? `${FOLDER}${name}` : `${place}/${FOLDER}${name}`
  if (packages[inner] !== undefined) return inner
  if (place === '') return undefined
  return resolved(packages, place.slice(0, Math.max(0, place.lastIndexOf(`/${FOLDER}`))), name)
}

/** A UUID of version 8 (RFC 9562), which is a digest. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex')
  const parts = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
  ]
  return [...parts, hex.slice(20, 32)].join('-')
}

if (import.meta.main) {
  const lockfile: unknown = JSON.parse(readFileSync(LOCKFILE, 'utf8'))
  console.log(JSON.stringify(sbomOf(lockfile), undefined, 2))
}
