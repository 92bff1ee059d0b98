import { describe, expect, it } from 'vitest'
import {
  anInferenceGraph,
  anInferenceService,
  anLlmInferenceService,
  read,
  readService,
} from '../../testing/objects.ts'

const annotated = (key: string, value: unknown = 'true') => ({
  metadata: { annotations: { [key]: value } },
})
const labelled = (key: string) => ({ metadata: { labels: { [key]: 'true' } } })
const inPredictor = (key: string) => ({
  spec: { predictor: { annotations: { [key]: 'true' } } },
})

const ENABLE_AUTH = 'security.opendatahub.io/enable-auth'
const messagesOf = (object: unknown) =>
  read(object)
    .problems.filter(({ reason }) => reason === 'AnnotationWithoutEffect')
    .map(({ message }) => message)

describe('an annotation that looks like the one that protects', () => {
  it.each([
    'security.opendatahub.io/enable-auht',
    'security.opendatahub.io/enable_auth',
    'security.opendatahub.io/enableAuth',
    'security.opendatahub.io/Enable-Auth',
    'security.opendatahub.io/enable-oauth',
    'security.opendatahub.io/enabel-auth',
    'security.opendatahub.io/enabled-auth',
    'opendatahub.io/enable-auth',
    'security.opendatahub.com/enable-auth',
    'kserve-authz.io/enable-auth',
    'enable_auth',
    'enable-auht',
    'enableauth',
  ])('has no effect, and is reported: %s', (key) => {
    for (const make of [anInferenceService, anInferenceGraph]) {
      expect(readService(make(annotated(key))).protection).toBe('open')
      expect(messagesOf(make(annotated(key)))).toEqual([
        `annotation "${key}" has no effect; did you mean the annotation ${ENABLE_AUTH}?`,
      ])
    }
    expect(messagesOf(anLlmInferenceService(annotated(key)))).toHaveLength(1)
  })

  it.each([
    [labelled('enable-auth'), 'label "enable-auth"'],
    [
      labelled('security.opendatahub.io/enable_auth'),
      'label "security.opendatahub.io/enable_auth"',
    ],
  ])('is reported as a label, too', (parts, where) => {
    expect(messagesOf(anInferenceService(parts))).toEqual([
      `${where} has no effect; did you mean the annotation ${ENABLE_AUTH}?`,
    ])
  })

  it.each(['predictor', 'transformer', 'explainer'])('is reported in spec.%s', (component) => {
    const spec = { predictor: {}, [component]: { annotations: { [ENABLE_AUTH]: 'true' } } }
    expect(messagesOf(anInferenceService({ spec }))).toEqual([
      `annotation "${ENABLE_AUTH}" of spec.${component} has no effect; write ${ENABLE_AUTH} into metadata.annotations`,
    ])
  })

  it.each(['enable_auth', 'kserve-authz.io/mode', 'kserve-authz.io/mod'])(
    'is reported in a component with another spelling: %s',
    (key) => {
      expect(messagesOf(anInferenceService(inPredictor(key)))).toHaveLength(1)
    },
  )
})

describe('an annotation of our domain, or of one like it,', () => {
  it.each([
    'kserve-authz.io/mod',
    'kserve-authz.io/shadow',
    'kserve-auth.io/mode',
    'kserve_authz.io/mode',
    'authz-kserve.io/mode',
  ])('that is unknown is reported: %s', (key) => {
    expect(messagesOf(anInferenceService(annotated(key, 'shadow')))).toEqual([
      `annotation "${key}" has no effect; did you mean the annotation kserve-authz.io/mode?`,
    ])
  })
})

describe('no near miss is', () => {
  it.each([
    ENABLE_AUTH,
    'enable-auth',
    'kserve-authz.io/mode',
    'serving.kserve.io/deploymentMode',
    'serving.kserve.io/autoscalerClass',
    'serving.kserve.io/enable-prometheus-scraping',
    'serving.kserve.io/enable-metric-aggregation',
    'serving.kserve.io/enable-tag-routing',
    'sidecar.istio.io/inject',
    'security.opendatahub.io/authorization-groups',
    'security.opendatahub.io/disable-auth',
    'openshift.io/display-name',
    'kubectl.kubernetes.io/last-applied-configuration',
    'autoscaling.knative.dev/target',
    'enable-cache',
    'auth',
    'mode',
    'x'.repeat(100_000),
  ])('%s', (key) => {
    expect(messagesOf(anInferenceService(annotated(key, 'true')))).toEqual([])
    expect(messagesOf(anInferenceService({ spec: {} }))).toEqual([])
  })

  it.each([ENABLE_AUTH, 'kserve-authz.io/models', 'opendatahub.io/dashboard'])(
    'the label %s',
    (key) => {
      expect(messagesOf(anInferenceService(labelled(key)))).toEqual([])
    },
  )

  it('an annotation of a predictor for its pods', () => {
    expect(messagesOf(anInferenceService(inPredictor('sidecar.istio.io/inject')))).toEqual([])
  })
})
