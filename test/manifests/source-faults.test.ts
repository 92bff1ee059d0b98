import { describe, expect, it } from 'vitest'
import { until } from './folders.ts'
import {
  ALICE,
  ALL,
  account,
  binding,
  digestOf,
  HOST,
  IRIS,
  iris,
  KEY,
  key,
  OTHER_KEY,
  opened,
  pod,
  role,
  TOKEN,
  together,
  token,
} from './manifests.ts'

describe('a file that becomes unreadable', () => {
  it('loses keys, tokens and bindings; its services are lost, its pods stay', async () => {
    const { write, protections, hasKey, tokenCaller, allows, directory, state, problems } =
      await opened({ 'a.yaml': ALL })
    await write('a.yaml', `${ALL}b: [`)
    await until(() => protections(HOST)[0] === 'lost')
    expect(hasKey(KEY)).toBe(false)
    expect(tokenCaller(digestOf(TOKEN))).toBeUndefined()
    expect(allows(ALICE, IRIS)).toBe(false)
    expect(directory.workloadsAt('10.0.0.7')).toHaveLength(1)
    expect(state().unreadable).toEqual(['a.yaml'])
    expect(problems).toMatchObject([{ object: 'File a.yaml', reason: 'UnreadableFile' }])
    expect(JSON.stringify(problems)).not.toContain(KEY)

    await write('a.yaml', ALL)
    await until(() => protections(HOST)[0] === 'protected')
    expect(hasKey(KEY) && allows(ALICE, IRIS)).toBe(true)
    expect(tokenCaller(digestOf(TOKEN))).toBeDefined()
    expect(state().unreadable).toEqual([])
  })

  it('keeps its services lost while it changes, until it is removed', async () => {
    const { write, remove, protections, state } = await opened({ 'a.yaml': iris('false') })
    await write('a.yaml', 'a: [')
    await until(() => protections(HOST)[0] === 'lost')
    await write('a.yaml', 'a: {')
    await write('b.yaml', key('k', KEY))
    await until(() => state().files === 1)
    expect(protections(HOST)).toEqual(['lost'])
    await remove('a.yaml')
    await until(() => protections(HOST).length === 0)
    expect(state().unreadable).toEqual([])
  })

  it('may be one that is too large', async () => {
    const { write, protections } = await opened({ 'a.yaml': iris('false') })
    await write('a.yaml', `${iris('false')}#${'x'.repeat(8 * 1024 * 1024)}`)
    await until(() => protections(HOST)[0] === 'lost')
  })
})

it('a host of two services is reported for each: both must allow there', async () => {
  const elsewhere = iris('false').replace('name: iris', 'name: other')
  const { problems } = await opened({ 'a.yaml': iris('true'), 'b.yaml': elsewhere })
  expect(problems.map(({ object, reason }) => `${object} ${reason}`).toSorted()).toEqual([
    'InferenceService team/iris SharedHost',
    'InferenceService team/other SharedHost',
  ])
})

describe('an object declared twice', () => {
  it('counts each time if it is a service or a pod', async () => {
    const { protections, directory, remove, problems } = await opened({
      'a.yaml': together(iris('false'), pod('10.0.0.7')),
      'b.yaml': together(iris('true'), pod('10.0.0.8')),
    })
    expect(protections(HOST).toSorted()).toEqual(['open', 'protected'])
    expect(
      directory.workloadsOf({ kind: 'InferenceService', namespace: 'team', name: 'iris' }),
    ).toHaveLength(2)
    expect(problems.map(({ reason }) => reason)).toEqual(['DeclaredTwice', 'DeclaredTwice'])
    await remove('b.yaml')
    await until(() => protections(HOST).length === 1)
    expect(protections(HOST)).toEqual(['open'])
  })

  it('also counts each time in one file', async () => {
    const { protections } = await opened({ 'a.yaml': together(iris('false'), iris('true')) })
    expect(protections(HOST).toSorted()).toEqual(['open', 'protected'])
  })

  it.each([
    ['Secret', key('k', KEY), key('k', OTHER_KEY)],
    [
      'Secret that is not a key',
      key('k', KEY),
      key('k', OTHER_KEY).replace('labels', 'annotations'),
    ],
    ['ServiceAccount', account('u-1'), account('u-1')],
    ['Role', role, role],
    ['RoleBinding', binding('alice'), binding('alice')],
  ])('does not count at all if it is a %s, until one is removed', async (_title, first, second) => {
    const others = [key('k', KEY), account('u-1'), role, binding('alice')].filter(
      (object) => object !== first,
    )
    const { write, remove, hasKey, tokenCaller, allows, problems } = await opened({
      'a.yaml': first,
      'others.yaml': together(token('t', TOKEN), ...others),
    })
    const holds = () =>
      hasKey(KEY) && allows(ALICE, IRIS) && tokenCaller(digestOf(TOKEN)) !== undefined
    expect(holds()).toBe(true)
    await write('b.yaml', second)
    await until(() => !holds())
    expect(hasKey(OTHER_KEY)).toBe(false)
    expect(problems.map(({ reason }) => reason)).toEqual(['DeclaredTwice'])
    await remove('b.yaml')
    await until(holds)
  })
})

it('an object declared twice is reported on one line, whatever its name contains', async () => {
  const named = role.replace('name: reader', 'name: "a\\nb"')
  const { problems } = await opened({ 'a.yaml': together(named, named) })
  expect(problems.map(({ object }) => object)).toEqual(['Role team/a?b'])
})

it('a key for services that no file declares is reported, whatever the order of files', async () => {
  const keyFor = (name: string, services: string) =>
    key(name, `a-key-of-the-${name}-1`).replace(
      'labels:',
      `annotations: {kserve-authz.io/services: "${services}"}, labels:`,
    )
  const { problems } = await opened({
    'a.yaml': together(keyFor('reader', 'iris, gone'), keyFor('writer', 'gone')),
    'b.yaml': iris('true'),
  })
  expect(problems.map(({ object, reason }) => [object, reason])).toEqual([
    ['Secret team/writer', 'NoSuchService'],
  ])
})

describe('a credential in two Secrets', () => {
  it('is reported, and a token belongs to nobody', async () => {
    const { tokenCaller, problems, directory, remove } = await opened({
      'a.yaml': together(key('k', KEY), key('l', KEY), token('t', TOKEN), account('u-1')),
      'b.yaml': token('u', TOKEN),
    })
    expect(directory.keysWith('team', digestOf(KEY))).toHaveLength(2)
    expect(tokenCaller(digestOf(TOKEN))).toBeUndefined()
    expect(new Set(problems.map(({ reason }) => reason))).toEqual(new Set(['CredentialRepeated']))
    expect(JSON.stringify(problems)).not.toContain(digestOf(KEY))
    await remove('b.yaml')
    await until(() => tokenCaller(digestOf(TOKEN)) !== undefined)
  })
})
