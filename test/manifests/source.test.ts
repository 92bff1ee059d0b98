import { describe, expect, it } from 'vitest'
import { createDirectory } from '../../src/access/directory.ts'
import { LARGE } from '../../src/manifests/documents.ts'
import { ManifestsError, openManifests } from '../../src/manifests/source.ts'
import { SETTINGS } from '../../testing/objects.ts'
import { aFolder, until } from './folders.ts'
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
  role,
  TOKEN,
  together,
  token,
} from './manifests.ts'

describe('an open folder', () => {
  it('applies the objects in its files', async () => {
    const { directory, tokenCaller, allows, serviceAccount, state, problems } = await opened({
      'a.yaml': ALL,
    })
    expect(directory.servicesRoutedBy({ host: HOST, pathPrefix: '' })).toHaveLength(1)
    expect(directory.workloadsAt('10.0.0.7')).toHaveLength(1)
    expect(directory.keysWith('team', digestOf(KEY))).toHaveLength(1)
    expect(tokenCaller(digestOf(TOKEN))).toEqual({
      namespace: 'team',
      secretName: 't',
      serviceAccount: 'reader',
      uid: 'u-1',
    })
    expect(serviceAccount('team', 'reader')).toBeDefined()
    expect(allows(ALICE, IRIS)).toBe(true)
    expect(allows({ name: 'eve', groups: [] }, IRIS)).toBe(false)
    expect(state()).toMatchObject({ files: 1, unreadable: [] })
    expect(problems).toEqual([])
  })

  it('has the labels and groups of equal keys once, also of a large document', async () => {
    const large = `${key('c', 'a-third-key-of-the-team')}# ${'x'.repeat(LARGE)}\n`
    const { directory } = await opened({
      'a.yaml': together(key('a', KEY), key('b', OTHER_KEY)),
      'c.yaml': large,
    })
    const [first, ...others] = directory.keys.values()
    expect(others.map(({ name }) => name)).toEqual(['b', 'c'])
    for (const { labels, groups } of others) {
      expect(labels).toBe(first?.labels)
      expect(groups).toBe(first?.groups)
    }
  })

  it('knows the token only of an existing account with the same uid', async () => {
    const { tokenCaller, write } = await opened({ 't.yaml': token('t', TOKEN) })
    expect(tokenCaller(digestOf(TOKEN))).toBeUndefined()
    await write('a.yaml', account('u-2'))
    await write('b.yaml', account('u-1').replace('reader', 'other'))
    await until(() => tokenCaller(digestOf(TOKEN)) === undefined)
    await write('a.yaml', account('u-1'))
    await until(() => tokenCaller(digestOf(TOKEN)) !== undefined)
  })

  it('reports the problem of an object and its place, once', async () => {
    const { problems, write, protections } = await opened({ 'sub/a.yaml': iris('yes') })
    await write('sub/a.yaml', together(iris('yes'), '\nkind: Odd'))
    await until(() => problems.length === 2)
    expect(problems).toEqual([
      {
        object: 'InferenceService team/iris',
        reason: 'UnknownEnableAuthValue',
        message: expect.stringMatching(/ \(in sub\/a\.yaml\)$/),
      },
      { object: 'Object', reason: 'NotAnObject', message: expect.anything() },
    ])
    expect(protections(HOST)).toEqual(['protected'])
  })
})

describe('at the start', () => {
  it('every unreadable file is named, with its place, and without its text', async () => {
    const { root } = await aFolder({
      'good.yaml': ALL,
      'a.yaml': `${key('k', KEY)}b: [`,
      'sub/b.yaml': `a: *${KEY}`,
    })
    const directory = createDirectory()
    const opening = openManifests({
      folder: root,
      settings: SETTINGS,
      directory,
      report: () => undefined,
    })
    await expect(opening).rejects.toThrow(ManifestsError)
    const message = await opening.catch(String)
    expect(message).toMatch(
      / {2}a\.yaml: line 6, column 5: .+\n {2}sub\/b\.yaml: line 1, column 5: /,
    )
    expect(message).not.toContain(KEY)
  })

  it('a missing folder is reported as unreadable', async () => {
    const options = { folder: '/nowhere/at/all', settings: SETTINGS, report: () => undefined }
    const opening = openManifests({ ...options, directory: createDirectory() })
    await expect(opening).rejects.toThrow('the folder: ENOENT')
  })
})

describe('within a second', () => {
  it('an annotation takes effect', async () => {
    const { write, replace, protections } = await opened({ 'a.yaml': iris('false') })
    expect(protections(HOST)).toEqual(['open'])
    await write('a.yaml', iris('true'))
    await until(() => protections(HOST)[0] === 'protected')
    await replace('a.yaml', iris('false'))
    await until(() => protections(HOST)[0] === 'open')
  })

  it('a key is replaced, added, revoked', async () => {
    const { write, remove, hasKey } = await opened({ 'a.yaml': key('k', KEY) })
    await write('a.yaml', key('k', OTHER_KEY))
    await until(() => hasKey(OTHER_KEY) && !hasKey(KEY))
    await write('b.yaml', key('l', KEY))
    await until(() => hasKey(OTHER_KEY) && hasKey(KEY))
    await remove('a.yaml')
    await until(() => !hasKey(OTHER_KEY) && hasKey(KEY))
  })

  it('a Secret that becomes something else is no longer a key', async () => {
    const { write, hasKey, tokenCaller } = await opened({
      'a.yaml': key('k', KEY),
      'b.yaml': account('u-1'),
    })
    await write('a.yaml', token('k', TOKEN))
    await until(() => !hasKey(KEY) && tokenCaller(digestOf(TOKEN)) !== undefined)
  })

  it('a binding, a role and a token are added and removed', async () => {
    const files = { 'a.yaml': role, 'b.yaml': binding('alice'), 'c.yaml': token('t', TOKEN) }
    const { allows, remove, write, tokenCaller } = await opened({
      ...files,
      'd.yaml': account('u-1'),
    })
    await write('b.yaml', binding('eve'))
    await until(() => !allows(ALICE, IRIS))
    await write('b.yaml', binding('alice'))
    await until(() => allows(ALICE, IRIS))
    await remove('a.yaml')
    await remove('c.yaml')
    await until(() => !allows(ALICE, IRIS) && tokenCaller(digestOf(TOKEN)) === undefined)
  })

  it('a mounted ConfigMap is swapped', async () => {
    const { mount, protections, hasKey } = await opened({})
    await mount('v1', { 'a.yaml': iris('false'), 'k.yaml': key('k', KEY) })
    await until(() => protections(HOST)[0] === 'open' && hasKey(KEY))
    await mount('v2', { 'a.yaml': iris('true'), 'k.yaml': key('k', OTHER_KEY) })
    await until(() => protections(HOST)[0] === 'protected' && hasKey(OTHER_KEY) && !hasKey(KEY))
  })
})
