import { describe, expect, it } from 'vitest'
import { until } from './folders.ts'
import { opened, together } from './manifests.ts'

const policy = (name: string, spec: object) =>
  `\n${JSON.stringify({
    apiVersion: 'kserve-authz.io/v1alpha1',
    kind: 'AccessPolicy',
    metadata: { name, namespace: 'team' },
    spec,
  })}\n`
const ref = { kind: 'InferenceService', namespace: 'team', name: 'iris' } as const
const targets = {
  targetRefs: [{ group: 'serving.kserve.io', kind: 'InferenceService', name: 'iris' }],
}

describe('AccessPolicies of a folder', () => {
  it('are added, changed and removed', async () => {
    const { directory, write, remove } = await opened({ 'a.yaml': policy('one', targets) })
    const names = () => directory.policiesFor(ref).map(({ name }) => name)
    expect(names()).toEqual(['one'])
    expect(directory.policiesFor({ ...ref, name: 'other' })).toEqual([])
    expect(directory.policiesFor({ ...ref, namespace: 'other' })).toEqual([])

    await write('a.yaml', policy('two', {}))
    await until(() => names().join() === 'two')
    expect(directory.policiesFor({ ...ref, name: 'other' })).toHaveLength(1)
    await remove('a.yaml')
    await until(() => names().length === 0)
  })

  it('of a file that becomes unreadable close the services they covered, until it is readable', async () => {
    const text = together(
      policy('one', { ...targets, allow: [{}] }),
      policy('two', { mode: 'Shadow' }),
    )
    const { directory, write } = await opened({ 'a.yaml': text })
    const readable = () => directory.policiesFor(ref).map(({ terms }) => terms !== undefined)
    expect(readable()).toEqual([true, true])
    await write('a.yaml', `${text}b: [`)
    await until(() => readable().join() === 'false,false')
    const lost = directory
      .policiesFor(ref)
      .map(({ mode, name, targets }) => ({ mode, name, targets }))
    expect(lost).toContainEqual({ mode: 'shadow', name: 'two', targets: undefined })
    expect(lost).toContainEqual({
      mode: 'enforce',
      name: 'one',
      targets: [{ kind: 'InferenceService', name: 'iris' }],
    })
    await write('a.yaml', text)
    await until(() => readable().join() === 'true,true')
  })

  it('all count if one is declared twice', async () => {
    const { directory } = await opened({
      'a.yaml': policy('one', { allow: [] }),
      'b.yaml': together(policy('one', { deny: [{}] }), policy('one', {})),
    })
    expect(directory.policiesFor(ref)).toHaveLength(3)
  })
})
