import { describe, expect, it } from 'vitest'
import { aPod, read, readWorkloads, reasonsOf } from '../../testing/objects.ts'

const PREDICTOR = { 'serving.kserve.io/inferenceservice': 'iris', component: 'predictor' }

const labelled = (labels: unknown, parts: Readonly<Record<string, unknown>> = {}) =>
  aPod({ metadata: { labels }, status: { podIP: '10.0.0.7' }, ...parts })

describe('a Pod', () => {
  it('is a workload at all of its addresses, each in its one form', () => {
    const pod = labelled(PREDICTOR, {
      spec: { serviceAccountName: 'models', containers: [{ name: 'kserve-container' }] },
      status: {
        phase: 'Running',
        podIP: '10.0.0.7',
        podIPs: [{ ip: '10.0.0.7' }, { ip: 'FD00::7' }],
      },
    })
    expect(readWorkloads(pod)).toEqual([
      {
        namespace: 'team',
        name: 'iris-0',
        addresses: ['10.0.0.7', 'fd00:0:0:0:0:0:0:7'],
        serviceAccount: 'models',
        service: { kind: 'InferenceService', namespace: 'team', name: 'iris' },
        component: 'predictor',
        sidecar: false,
        knative: false,
      },
    ])
  })

  it.each([
    ['predictor', 'predictor'],
    ['transformer', 'transformer'],
    ['explainer', 'explainer'],
    ['graph', undefined],
    ['__proto__', undefined],
    [undefined, undefined],
  ])('of component %j is a workload of component %j', (component, expected) => {
    const [workload] = readWorkloads(labelled({ ...PREDICTOR, component }))
    expect(workload?.component).toBe(expected)
  })

  it('runs the router of a graph', () => {
    expect(readWorkloads(labelled({ 'serving.kserve.io/inferencegraph': 'chain' }))).toMatchObject([
      { service: { kind: 'InferenceGraph', name: 'chain' }, component: 'graph' },
    ])
  })

  it('runs an LLM where it is part of one', () => {
    const name = { 'app.kubernetes.io/name': 'chat' }
    const part = { 'app.kubernetes.io/part-of': 'llminferenceservice' }
    expect(readWorkloads(labelled({ ...name, ...part }))).toMatchObject([
      { service: { kind: 'LLMInferenceService', name: 'chat' }, component: 'llm' },
    ])
    expect(readWorkloads(labelled(name))).toEqual([])
    expect(readWorkloads(labelled(part))).toEqual([])
  })

  it.each<[title: string, labels: object, spec: object, role: string | undefined]>([
    ['decodes', { 'llm-d.ai/role': 'decode' }, {}, 'decode'],
    ['prefills', { 'llm-d.ai/role': 'prefill' }, {}, 'prefill'],
    ['does both', { 'llm-d.ai/role': 'both' }, {}, 'both'],
    [
      'has the sidecar that calls those that prefill',
      { 'llm-d.ai/role': 'both' },
      { initContainers: [{ name: 'llm-d-routing-sidecar' }] },
      'decode',
    ],
    [
      'schedules',
      { 'app.kubernetes.io/component': 'llminferenceservice-router-scheduler' },
      {},
      'scheduler',
    ],
    ['does something else', { 'llm-d.ai/role': 'encode' }, {}, undefined],
    ['says nothing', {}, {}, undefined],
  ])('of an LLM that %s has that role', (_title, labels, spec, role) => {
    const part = { 'app.kubernetes.io/part-of': 'llminferenceservice' }
    const name = { 'app.kubernetes.io/name': 'chat' }
    const [workload] = readWorkloads(labelled({ ...name, ...part, ...labels }, { spec }))
    expect(workload?.component).toBe('llm')
    expect(workload?.role).toBe(role)
  })

  it('is a workload of each service that its labels name', () => {
    const both = { ...PREDICTOR, 'serving.kserve.io/inferencegraph': 'chain' }
    expect(readWorkloads(labelled(both)).map(({ service }) => service.name)).toEqual([
      'iris',
      'chain',
    ])
  })

  it('with a label that is no text is one of a service that cannot be', () => {
    const labels = { 'serving.kserve.io/inferenceservice': 5 }
    expect(readWorkloads(labelled(labels))).toMatchObject([{ service: { name: '' } }])
  })

  it.each([
    ['without labels of KServe', labelled({ app: 'iris' })],
    ['that succeeded', labelled(PREDICTOR, { status: { podIP: '10.0.0.7', phase: 'Succeeded' } })],
    ['that failed', labelled(PREDICTOR, { status: { podIP: '10.0.0.7', phase: 'Failed' } })],
    ['on the network of its node', labelled(PREDICTOR, { spec: { hostNetwork: true } })],
    ['whose hostNetwork is unclear', labelled(PREDICTOR, { spec: { hostNetwork: 'false' } })],
    ['without an address', labelled(PREDICTOR, { status: {} })],
  ])('%s is no workload', (_title, pod) => {
    expect(readWorkloads(pod)).toEqual([])
  })

  it('has a ServiceAccount even if it names none', () => {
    expect(readWorkloads(labelled(PREDICTOR))).toMatchObject([{ serviceAccount: 'default' }])
  })

  it.each(['containers', 'initContainers'])('has a sidecar among its %s', (field) => {
    const spec = { [field]: [null, { name: 'istio-proxy' }] }
    expect(readWorkloads(labelled(PREDICTOR, { spec }))).toMatchObject([{ sidecar: true }])
  })

  it("is Knative's where it is of a revision", () => {
    const labels = { ...PREDICTOR, 'serving.knative.dev/revision': 'iris-predictor-00001' }
    expect(readWorkloads(labelled(labels))).toMatchObject([{ knative: true }])
  })

  it('keeps the addresses that can be read, and says that others cannot', () => {
    const reading = read(
      labelled(PREDICTOR, { status: { podIP: '10.0.0.7', podIPs: [{ ip: 'x' }] } }),
    )
    expect(reading.resource).toMatchObject({ workloads: [{ addresses: ['10.0.0.7'] }] })
    expect(reasonsOf(reading)).toEqual(['UnreadableAddress'])
  })
})
