import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { prefersHtml } from '../../src/envoy/prefers-html.ts'
import { anyText } from '../../testing/builders.ts'

describe('a client prefers HTML to JSON', () => {
  it.each([
    [
      'a browser that opens a page',
      'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
    ],
    ['only HTML', 'text/html'],
    ['only HTML, in other letters', 'Text/HTML;charset=utf-8'],
    ['HTML, and JSON with less weight', 'application/json;q=0.5, text/html'],
    ['any text', 'text/*'],
    ['at most 4,096 characters', `text/html,${'a'.repeat(4_086)}`],
    ['HTML, and no JSON', 'text/html;q=0.1, application/json;q=0'],
    ['HTML, and less of anything', '*/*;q=0.1, text/html;q=0.2'],
  ])('with %s', (_title, accept) => {
    expect(prefersHtml(accept)).toBe(true)
  })

  it.each([
    ['no header', undefined],
    ['an empty header', ''],
    ['anything', '*/*'],
    ['JSON', 'application/json'],
    ['both', 'text/html, application/json'],
    ['HTML with less weight', 'text/html;q=0.5, application/json'],
    ['HTML with less weight than anything', 'text/html;q=0.5, */*'],
    ['any application, and HTML', 'application/*, text/html'],
    ['no HTML', 'text/html;q=0'],
    ['HTML with a weight that cannot be read', 'text/html;q=high'],
    ['HTML with a weight above one', 'text/html;q=2'],
    ['plain text', 'text/plain'],
    ['a stream of events', 'text/event-stream'],
    ['more than 4,096 characters', `text/html,${'a'.repeat(4_087)}`],
    ['any text but HTML', 'text/*, text/html;q=0'],
  ])('not with %s', (_title, accept) => {
    expect(prefersHtml(accept)).toBe(false)
  })

  it('whatever the header is, an answer comes', () => {
    fc.assert(
      fc.property(anyText(200), (text) => {
        expect(typeof prefersHtml(`text/html,${text}`)).toBe('boolean')
      }),
    )
  })
})
