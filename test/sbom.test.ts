import { describe, expect, it } from 'vitest'
import manifest from '../package.json' with { type: 'json' }
import lockfile from '../package-lock.json' with { type: 'json' }
import { packagesOf } from '../scripts/lockfile.ts'
import { sbomOf } from '../scripts/sbom.ts'

const sbom = sbomOf(lockfile)
const refs = sbom.components.map((component) => component['bom-ref'])

describe('the bill of materials', () => {
  it('is of this version, and the same for the same lockfile', () => {
    expect(sbom.metadata.component).toMatchObject({
      name: manifest.name,
      version: manifest.version,
      type: 'application',
      licenses: [{ license: { id: manifest.license } }],
    })
    expect(sbomOf(lockfile)).toEqual(sbom)
    const uuid = /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/
    expect(sbom.serialNumber).toMatch(uuid)
  })

  it('has every runtime package once, with its digest, and no development package', () => {
    const packages = Object.entries(packagesOf(lockfile)).filter(([place]) => place !== '')
    const named = (dev: boolean) =>
      packages
        .filter(([, entry]) => (entry.dev === true) === dev)
        .map(([place, { version }]) => `${place.split('node_modules/').at(-1)}@${String(version)}`)
    expect(refs.toSorted()).toEqual([...new Set(named(false))].toSorted())
    const runtime = new Set(named(false))
    const development = new Set(named(true).filter((name) => !runtime.has(name)))
    expect(refs.filter((ref) => development.has(ref))).toEqual([])
    for (const { hashes } of sbom.components)
      expect(hashes).toEqual([
        { alg: 'SHA-512', content: expect.stringMatching(/^[0-9a-f]{128}$/) },
      ])
  })

  it('depends on known components only, and every component is needed', () => {
    const known = new Set(refs)
    const edges = new Map(sbom.dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]))
    const reached = new Set([sbom.metadata.component['bom-ref']])
    for (const ref of reached) for (const next of edges.get(ref) ?? []) reached.add(next)
    const needed = [...reached].filter((ref) => ref !== sbom.metadata.component['bom-ref'])
    expect(needed.filter((ref) => !known.has(ref))).toEqual([])
    expect(refs.filter((ref) => !reached.has(ref))).toEqual([])
  })

  it('names packages with a scope as package URLs do', () => {
    const [scoped] = sbom.components.filter(({ name }) => name === '@grpc/proto-loader')
    expect(scoped?.purl).toBe(
      `pkg:npm/%40grpc/proto-loader@${manifest.dependencies['@grpc/proto-loader']}`,
    )
  })
})
