import { describe, expect, it } from 'vitest'
import { ENABLE_AUTH } from '../../src/resources/owner-annotations.ts'
import {
  anInferenceGraph,
  anInferenceService,
  anLlmInferenceService,
  read,
  readService,
  reasonsOf,
  SETTINGS,
} from '../../testing/objects.ts'

const annotated = (value: unknown) => ({ metadata: { annotations: { [ENABLE_AUTH]: value } } })
const labelled = (value: unknown) => ({ metadata: { labels: { [ENABLE_AUTH]: value } } })
const legacy = (value: unknown) => ({ metadata: { annotations: { 'enable-auth': value } } })

const NO_PROBLEM: readonly string[] = []
const UNKNOWN = ['UnknownEnableAuthValue']

describe('the protection of an InferenceService', () => {
  it.each([
    ['nothing said', {}, 'open', NO_PROBLEM],
    ['annotation "true"', annotated('true'), 'protected', NO_PROBLEM],
    ['annotation " TRUE "', annotated(' TRUE '), 'protected', NO_PROBLEM],
    ['annotation "false"', annotated('false'), 'open', NO_PROBLEM],
    ['annotation "False "', annotated('False '), 'open', NO_PROBLEM],
    ['annotation "1"', annotated('1'), 'protected', UNKNOWN],
    ['annotation ""', annotated(''), 'protected', UNKNOWN],
    ['annotation false without quotes', annotated(false), 'protected', UNKNOWN],
    ['annotation null', annotated(null), 'protected', UNKNOWN],
    ['label "true"', labelled('true'), 'protected', NO_PROBLEM],
    ['label "yes"', labelled('yes'), 'protected', UNKNOWN],
    ['label "false"', labelled('false'), 'open', NO_PROBLEM],
    ['legacy annotation "true"', legacy('true'), 'protected', NO_PROBLEM],
    ['legacy annotation "on"', legacy('on'), 'protected', UNKNOWN],
    ['legacy annotation "false"', legacy('false'), 'open', NO_PROBLEM],
    [
      'annotation "false" with the label "true"',
      { metadata: { ...annotated('false').metadata, ...labelled('true').metadata } },
      'open',
      NO_PROBLEM,
    ],
    [
      'legacy annotation "false" with the label "true"',
      { metadata: { ...legacy('false').metadata, ...labelled('true').metadata } },
      'protected',
      NO_PROBLEM,
    ],
  ])('%s: %s', (_title, parts, protection, reasons) => {
    expect(readService(anInferenceService(parts)).protection).toBe(protection)
    expect(reasonsOf(read(anInferenceService(parts)))).toEqual(reasons)
  })
})

describe('the protection of a service without annotations', () => {
  it('is the configured default', () => {
    const settings = { protectByDefault: true }
    expect(readService(anInferenceService(), settings).protection).toBe('protected')
    expect(readService(anInferenceGraph(), settings).protection).toBe('protected')
    expect(readService(anInferenceService(legacy('false')), settings).protection).toBe('protected')
    expect(readService(anInferenceService(annotated('false')), settings).protection).toBe('open')
  })

  it('is on for an LLMInferenceService', () => {
    expect(readService(anInferenceGraph()).protection).toBe('open')
    expect(readService(anLlmInferenceService()).protection).toBe('protected')
    expect(readService(anLlmInferenceService(labelled('false'))).protection).toBe('protected')
    expect(readService(anLlmInferenceService(annotated('false'))).protection).toBe('open')
  })
})

describe('a configuration that forbids opting out', () => {
  it('protects services that their owners would open, and reports them', () => {
    const reading = read(anInferenceService(annotated('false')), {
      ownersMay: { ...SETTINGS.ownersMay, optOut: false },
    })
    expect(reading.resource).toMatchObject({ service: { protection: 'protected' } })
    expect(reasonsOf(reading)).toEqual(['OptOutNotAllowed'])
  })
})

it('names an unknown value, truncated and printable', () => {
  const [problem] = read(anInferenceService(annotated(`\n\u202eno${'x'.repeat(100)}`))).problems
  expect(problem?.object).toBe('InferenceService team/iris')
  expect(problem?.message).toContain(`"??no${'x'.repeat(60)}"`)
})
