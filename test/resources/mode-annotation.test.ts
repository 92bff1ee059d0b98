import { describe, expect, it } from 'vitest'
import {
  anInferenceGraph,
  anInferenceService,
  anLlmInferenceService,
  read,
  readService,
  reasonsOf,
  SETTINGS,
} from '../../testing/objects.ts'

const MODE = 'kserve-authz.io/mode'

describe('the mode of a service', () => {
  it.each([anInferenceService, anInferenceGraph, anLlmInferenceService])(
    'is shadow by annotation, for any kind',
    (aKind) => {
      const object = aKind({ metadata: { annotations: { [MODE]: ' Shadow ' } } })
      expect(readService(object).shadow).toBe(true)
      expect(reasonsOf(read(object))).toEqual([])
    },
  )

  it.each<[title: string, value: unknown, reasons: readonly string[]]>([
    ['enforce', 'enforce', []],
    ['another word', 'audit', ['UnknownMode']],
    ['an empty text', '', ['UnknownMode']],
    ['a value that is not a text', true, ['UnknownMode']],
  ])('is enforced with %s', (_title, value, reasons) => {
    const object = anInferenceService({ metadata: { annotations: { [MODE]: value } } })
    expect(readService(object).shadow).toBe(false)
    expect(reasonsOf(read(object))).toEqual(reasons)
  })

  it('is enforced without the annotation, and with a label of its name', () => {
    expect(readService(anInferenceService()).shadow).toBe(false)
    const labelled = anInferenceService({ metadata: { labels: { [MODE]: 'shadow' } } })
    expect(readService(labelled).shadow).toBe(false)
  })

  it('is enforced if the configuration forbids shadow, and that is reported', () => {
    const ownersMay = { ...SETTINGS.ownersMay, shadow: false }
    const object = anInferenceService({ metadata: { annotations: { [MODE]: 'shadow' } } })
    expect(readService(object, { ownersMay }).shadow).toBe(false)
    expect(reasonsOf(read(object, { ownersMay }))).toEqual(['ShadowNotAllowed'])
  })
})
