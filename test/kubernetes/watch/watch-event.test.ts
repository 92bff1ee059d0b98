import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readPage, readWatchEvent } from '../../../src/kubernetes/watch/watch-event.ts'

const anObject = { metadata: { namespace: 'team', name: 'iris', resourceVersion: '7' } }
const listed = { key: 'team/iris', version: '7', content: anObject }

describe('an event of a watch', () => {
  it.each([
    ['ADDED', { kind: 'put', object: listed }],
    ['MODIFIED', { kind: 'put', object: listed }],
    ['DELETED', { kind: 'removed', object: listed }],
    ['BOOKMARK', { kind: 'bookmark', version: '7', initialEventsEnd: false }],
    ['ANYTHING', { kind: 'unknown' }],
  ])('%s', (type, event) => {
    expect(readWatchEvent({ type, object: anObject })).toEqual(event)
  })

  it('ERROR has a code', () => {
    expect(readWatchEvent({ type: 'ERROR', object: { code: 410 } })).toEqual({
      kind: 'error',
      code: 410,
    })
    expect(readWatchEvent({ type: 'ERROR', object: {} })).toEqual({ kind: 'error', code: 0 })
  })

  it('BOOKMARK shows the version that includes everything before', () => {
    const annotations = { 'k8s.io/initial-events-end': 'true' }
    const object = { metadata: { resourceVersion: '9', annotations } }
    expect(readWatchEvent({ type: 'BOOKMARK', object })).toEqual({
      kind: 'bookmark',
      version: '9',
      initialEventsEnd: true,
    })
  })

  it.each([
    ['without a version', { namespace: 'team', name: 'iris' }],
    ['without a name', { namespace: 'team', resourceVersion: '7' }],
    ['with a namespace that is not a text', { namespace: 7, name: 'iris', resourceVersion: '7' }],
  ])('of an object %s is unknown', (_title, metadata) => {
    expect(readWatchEvent({ type: 'ADDED', object: { metadata } })).toEqual({ kind: 'unknown' })
  })

  it('of a cluster-scoped kind has a key as well', () => {
    const object = { metadata: { name: 'view', resourceVersion: '1' } }
    expect(readWatchEvent({ type: 'ADDED', object })).toHaveProperty('object.key', '/view')
  })

  it('never throws', () => {
    fc.assert(fc.property(fc.anything(), (value) => void readWatchEvent(value)))
  })
})

describe('a page of a list', () => {
  const aPage = { metadata: { resourceVersion: '9' }, items: [anObject] }

  it('has objects, a version and a continue token', () => {
    expect(readPage(aPage)).toEqual({ version: '9', next: '', items: [listed] })
    const metadata = { resourceVersion: '9', continue: 'more' }
    expect(readPage({ ...aPage, metadata })).toHaveProperty('next', 'more')
  })

  it('may be empty, also as null', () => {
    for (const items of [[], null])
      expect(readPage({ ...aPage, items })).toHaveProperty('items', [])
  })

  it.each([
    ['an unreadable object', { ...aPage, items: [anObject, { metadata: {} }] }],
    ['no version', { ...aPage, metadata: {} }],
    ['no items', { metadata: aPage.metadata }],
    ['no list fields', { kind: 'Status', status: 'Failure' }],
  ])('with %s is unreadable', (_title, page) => {
    expect(readPage(page)).toBeUndefined()
  })

  it('never throws', () => {
    fc.assert(fc.property(fc.anything(), (value) => void readPage(value)))
  })
})
