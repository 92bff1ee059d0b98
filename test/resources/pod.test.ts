import { describe, expect, it } from 'vitest'
import { aPod, read, readWorkloads, reasonsOf } from '../../testing/objects.ts'

const PREDICTOR = { 'serving.kserve.io/inferenceservice': 'iris', component: 'predictor' }

const labelled = (labels: unknown, parts: Readonly<Record<string, unknown>> = {}) =>
  aPod({ metadata: { labels }, status: { podIP: '10.0.0.7' }, ...parts })

describe('a Pod', () => {
  it('is a workload at all its addresses, each in canonical form', () => {
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

  it('runs an LLM if its labels say so', () => {
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
      'has the sidecar that calls the prefilling pods',
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
    ['has another role', { 'llm-d.ai/role': 'encode' }, {}, undefined],
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

  it('with a label that is not a text belongs to an impossible service', () => {
    const labels = { 'serving.kserve.io/inferenceservice': 5 }
    expect(readWorkloads(labelled(labels))).toMatchObject([{ service: { name: '' } }])
  })

  it.each([
    ['without labels of KServe', labelled({ app: 'iris' })],
    ['that succeeded', labelled(PREDICTOR, { status: { podIP: '10.0.0.7', phase: 'Succeeded' } })],
    ['that failed', labelled(PREDICTOR, { status: { podIP: '10.0.0.7', phase: 'Failed' } })],
    ["on its node's network", labelled(PREDICTOR, { spec: { hostNetwork: true } })],
    ['with an unreadable hostNetwork', labelled(PREDICTOR, { spec: { hostNetwork: 'false' } })],
    ['without an address', labelled(PREDICTOR, { status: {} })],
  ])('%s is not a workload', (_title, pod) => {
    expect(readWorkloads(pod)).toEqual([])
  })

  it('has the default ServiceAccount if it names none', () => {
    expect(readWorkloads(labelled(PREDICTOR))).toMatchObject([{ serviceAccount: 'default' }])
  })

  it.each(['containers', 'initContainers'])('has a sidecar among its %s', (field) => {
    const spec = { [field]: [null, { name: 'istio-proxy' }] }
    expect(readWorkloads(labelled(PREDICTOR, { spec }))).toMatchObject([{ sidecar: true }])
  })

  it("is Knative's if it belongs to a revision", () => {
    const labels = { ...PREDICTOR, 'serving.knative.dev/revision': 'iris-predictor-00001' }
    expect(readWorkloads(labelled(labels))).toMatchObject([{ knative: true }])
  })

  it('keeps the valid addresses, and reports the others', () => {
    const reading = read(
      labelled(PREDICTOR, { status: { podIP: '10.0.0.7', podIPs: [{ ip: 'x' }] } }),
    )
    expect(reading.resource).toMatchObject({ workloads: [{ addresses: ['10.0.0.7'] }] })
    expect(reasonsOf(reading)).toEqual(['UnreadableAddress'])
  })
})
