import { describe, expect, it } from 'vitest'
import {
  hasPrefix,
  isCanonicalPath,
  leadingPaths,
  leadsPlainly,
  pathOf,
} from '../../src/common/path.ts'

describe('the path of a request target', () => {
  it.each([
    ['/healthz', '/healthz'],
    ['/healthz?', '/healthz'],
    ['/healthz?a=b', '/healthz'],
    ['/healthz?x=/../', '/healthz'],
    ['/v2/models/m/infer?/healthz', '/v2/models/m/infer'],
    ['/a?b?c', '/a'],
    ['/healthz%3f', '/healthz%3f'],
    ['/v2/m#/healthz', '/v2/m#/healthz'],
    ['?', ''],
  ])('of %s is %s', (target, path) => {
    expect(pathOf(target)).toBe(path)
  })
})

describe('a path is canonical', () => {
  it.each([
    '/',
    '/healthz',
    '/healthz/',
    '/v1/models/m:predict',
    '/v2/models/m/versions/1.2/infer',
    '/inference.GRPCInferenceService/ModelInfer',
    '/openai/v1/chat/completions',
    '/.../a',
    '/.well-known/x',
    "/a!$&'()*+=:@~_-b",
    `/${'a'.repeat(8_191)}`,
  ])('like %s', (path) => {
    expect(isCanonicalPath(path)).toBe(true)
  })

  it.each([
    ['empty', ''],
    ['a star', '*'],
    ['not rooted', 'healthz'],
    ['absolute', 'http://h/healthz'],
    ['an authority', 'iris.example.com:443'],
    ['with two leading slashes', '//healthz'],
    ['with an empty segment', '/a//b'],
    ['with an empty last segment', '/a//'],
    ['with a dot segment', '/./a'],
    ['with a last dot segment', '/a/.'],
    ['with two dots', '/a/../b'],
    ['with two last dots', '/a/..'],
    ['with dots and a parameter', '/..;/a'],
    ['with dots, a name and a parameter', '/metrics/..;/v2/x'],
    ['with a parameter', '/a;b=c'],
    ['with a comma', '/a,b'],
    ['with an encoded letter', '/%68ealthz'],
    ['with an encoded slash', '/a%2fb'],
    ['with an encoded slash in capitals', '/a%2Fb'],
    ['with encoded dots', '/x/..%2fhealthz'],
    ['with an encoded backslash', '/a%5cb'],
    ['with an encoded space', '/a%20b'],
    ['encoded twice', '/%252e%252e/a'],
    ['encoded overlong', '/%c0%ae%c0%ae/a'],
    ['with half an encoding', '/a%2'],
    ['with a stray percent', '/a%zz'],
    ['with an encoded NUL', '/a%00'],
    ['with a backslash', '/a\\b'],
    ['with a fragment', '/a#b'],
    ['with a query', '/a?b'],
    ['with a space', '/a b'],
    ['with a tab', '/a\tb'],
    ['with a NUL', '/a\0'],
    ['with a line feed at the end', '/healthz\n'],
    ['not ASCII', '/é'],
    ['too long', `/${'a'.repeat(8_192)}`],
  ])('not if it is %s', (_title, path) => {
    expect(isCanonicalPath(path)).toBe(false)
  })
})

describe('a prefix', () => {
  it.each([
    ['itself', '/docs', '/docs', true],
    ['what is below it', '/docs/a', '/docs', true],
    ['its trailing slash', '/docs/', '/docs', true],
    ['everything when empty', '/docs', '', true],
  ])('contains %s', (_title, path, prefix, holds) => {
    expect(hasPrefix(path, prefix)).toBe(holds)
  })

  it.each([
    ['a longer name', '/docs-admin', '/docs'],
    ['a shorter path', '/doc', '/docs'],
    ['another case', '/Docs/a', '/docs'],
    ['its name further down', '/a/docs', '/docs'],
  ])('does not contain %s', (_title, path, prefix) => {
    expect(hasPrefix(path, prefix)).toBe(false)
  })
})

describe('the leading paths', () => {
  it.each([
    ['/', 3, ['']],
    ['/a', 3, ['', '/a']],
    ['/a/b/c', 3, ['', '/a', '/a/b', '/a/b/c']],
    ['/a/b/c/d', 3, ['', '/a', '/a/b', '/a/b/c']],
  ])('of %s to a depth of %i are %j', (path, depth, expected) => {
    expect(leadingPaths(path, depth)).toEqual(expected)
  })
})

describe('a path that is not canonical has an unambiguous start', () => {
  it.each(['/v1/models/my%20model:predict', '/v2/models/m/caf%C3%A9', '/v1/completions/a,b'])(
    'if the oddity comes late, as in %s',
    (path) => {
      expect(leadsPlainly(path)).toBe(true)
    },
  )

  it.each([
    '//llm/chat',
    '/llm//chat',
    '/llm%2Fchat',
    '/llm%2fchat/v1',
    '/%6c%6c%6d/chat',
    '/llm/%63hat',
    '/llm/chat%20',
    '/llm/chat/../..',
    '/a/b/../../llm/chat',
    '/a/b/%2e%2e/%2E%2E/llm/chat',
    '/a/b/..%2f../llm/chat',
    '/a/b/..;/..;/llm/chat',
    '/a/b/.;x/llm/chat',
    '/a/b\\..\\..\\llm\\chat',
    '/a/b%5c..%5C../llm/chat',
    '/a/b/%252e%252e/%252e%252e/llm/chat',
    '/llm;x=y/chat',
    '/llm,x/chat',
    '/llm/chat#x',
    '/llm/chat%23',
    '/llm/chat%00',
    '/publishers/llm/models/meta%2Fllama/v1',
    '/publishers/llm/models/meta/llama/caf%C3%A9',
  ])('not if it is %s', (path) => {
    expect(leadsPlainly(path)).toBe(false)
  })
})
