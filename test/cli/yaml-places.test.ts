import { describe, expect, it } from 'vitest'
import { fieldIn, placesIn } from '../../src/cli/yaml-places.ts'

const TEXT = `a: 1
b:
  - x: {y: 2}
  - "z z": [1, 2]
---
c:
  d/e: f
`

describe('the place of a field', () => {
  it.each([
    [0, ['a'], 1, 1],
    [0, ['b', 0, 'x', 'y'], 3, 9],
    [0, ['b', 1, 'z z', 1], 4, 16],
    [0, ['b', 1, 'none'], 4, 5],
    [0, ['none'], 1, 1],
    [1, ['c', 'd/e'], 7, 3],
    [1, [], 6, 1],
  ] as const)('is found in document %i: %j', (document, path, line, column) => {
    expect(placesIn(TEXT).find(document, path)).toEqual({ line, column })
  })

  it('is the beginning of a text that does not parse', () => {
    expect(placesIn('a: [').find(0, ['a'])).toEqual({ line: 1, column: 1 })
  })
})

describe('the field that a message is about', () => {
  it.each([
    ['spec.allow[0].from: expected a list', ['spec', 'allow', 0, 'from']],
    ['rules[1] cannot be read', ['rules', 1]],
    ['spec has an unknown field "alow": it may have allow', ['spec', 'alow']],
    ['annotation a.b/c-d is "yes"', ['metadata', 'annotations', 'a.b/c-d']],
    ['label a.b/c is "yes"', ['metadata', 'labels', 'a.b/c']],
    ['it cannot be read', []],
  ])('%s', (message, path) => {
    expect(fieldIn(message)).toEqual(path)
  })
})
