import { Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { measureDirectory } from '../../src/observability/state-metrics.ts'
import { aDirectory } from '../../testing/builders.ts'
import { anInferenceService, read, readService, reasonsOf } from '../../testing/objects.ts'

const PROTECTED = { 'security.opendatahub.io/enable-auth': 'true' }
const MODE = { 'serving.kserve.io/deploymentMode': 'ModelMesh' }

const inMesh = (annotations: Readonly<Record<string, string>> = {}) =>
  anInferenceService({ metadata: { annotations: { ...MODE, ...annotations } } })

async function counted(objects: readonly object[]) {
  const registry = new Registry()
  measureDirectory(registry, aDirectory({ services: objects.map((each) => readService(each)) }))
  const text = await registry.metrics()
  return [
    ...text.matchAll(/^kserve_authz_services\{kind="InferenceService",protection="(\w+)"\} 1$/gm),
  ].map(([, protection]) => protection)
}

describe('a service that ModelMesh serves', () => {
  it('is reported if it should be protected', () => {
    expect(reasonsOf(read(inMesh(PROTECTED)))).toEqual(['NotGuarded'])
    expect(reasonsOf(read(inMesh(), { protectByDefault: true }))).toEqual(['NotGuarded'])
  })

  it('is reported by its status, and by the default of the installation as well', () => {
    const object = anInferenceService({
      metadata: { annotations: PROTECTED },
      status: { deploymentMode: 'ModelMesh' },
    })
    expect(reasonsOf(read(object))).toEqual(['NotGuarded'])
    const plain = anInferenceService({ metadata: { annotations: PROTECTED } })
    expect(reasonsOf(read(plain, { defaultDeploymentMode: 'ModelMesh' }))).toEqual(['NotGuarded'])
  })

  it('is no problem if it is open anyway, nor is one of another mode', () => {
    expect(reasonsOf(read(inMesh()))).toEqual([])
    expect(reasonsOf(read(anInferenceService({ metadata: { annotations: PROTECTED } })))).toEqual(
      [],
    )
  })

  it('is not counted as protected', async () => {
    expect(await counted([inMesh(PROTECTED)])).toEqual(['unguarded'])
    expect(await counted([inMesh()])).toEqual(['open'])
    expect(await counted([anInferenceService({ metadata: { annotations: PROTECTED } })])).toEqual([
      'protected',
    ])
  })

  it('stays refused where it is asked about nevertheless', () => {
    expect(readService(inMesh(PROTECTED)).protection).toBe('protected')
  })
})
