import { describe, expect, it } from 'vitest'
import { type ForwardCredential, forwards } from '../../src/access/forwarding.ts'
import type { ServiceKind } from '../../src/access/service.ts'
import {
  COMPONENTS,
  type Component,
  type LlmRole,
  type Workload,
} from '../../src/access/workload.ts'
import { aDirectory, aService, aWorkload } from '../../testing/builders.ts'

const atPodOf = (component: Component | undefined, mode: ForwardCredential = 'auto') =>
  forwards(
    mode,
    {
      service: aService(component === 'graph' ? { kind: 'InferenceGraph' } : {}),
      position: 'workload',
      workload: aWorkload({ component }),
      pathPrefix: '',
    },
    { host: 'iris-predictor.team' },
    aDirectory(),
  )

function atGatewayBefore(
  workloads: readonly Workload[],
  {
    kind = 'InferenceService',
    mode = 'auto',
    host = 'iris-team.example.com',
  }: { kind?: ServiceKind; mode?: ForwardCredential; host?: string } = {},
) {
  const service = aService({ kind })
  const target = { service, position: 'gateway', workload: undefined, pathPrefix: '' } as const
  return forwards(mode, target, { host }, aDirectory({ workloads }))
}

const bare = aWorkload({ sidecar: false })
const knative = aWorkload({ sidecar: false, knative: true })
const transformer = aWorkload({ name: 't', sidecar: false, component: 'transformer' })

const anLlmPod = (role?: LlmRole, name = `chat-${role}`) =>
  aWorkload({ name, component: 'llm', sidecar: false, ...(role === undefined ? {} : { role }) })

const atLlmPod = (workload: Workload, others: readonly Workload[]) =>
  forwards(
    'auto',
    { service: aService(), position: 'workload', workload, pathPrefix: '' },
    { host: '10.0.0.1' },
    aDirectory({ workloads: [workload, ...others] }),
  )

describe('by default the credential is forwarded', () => {
  it.each<[Component | undefined, boolean]>([
    ['predictor', false],
    ['llm', false],
    ['transformer', true],
    ['explainer', true],
    ['graph', true],
    [undefined, true],
  ])('from the sidecar of a %s: %s', (component, expected) => {
    expect(atPodOf(component)).toBe(expected)
  })

  it.each<[title: string, readonly Workload[], boolean]>([
    ['no pod is known', [], true],
    ['its pod has a sidecar', [aWorkload()], true],
    ['its pod has none', [bare], false],
    ['all its pods have none', [bare, aWorkload({ name: 'b', sidecar: false })], false],
    ['one of its pods has a sidecar', [bare, aWorkload({ name: 'b' })], true],
    [
      'only a pod of another service has a sidecar',
      [bare, aWorkload({ service: { kind: 'InferenceService', namespace: 'team', name: 'b' } })],
      false,
    ],
  ])('from a gateway where %s: %s', (_title, workloads, expected) => {
    expect(atGatewayBefore(workloads)).toBe(expected)
  })

  it.each<[title: string, host: string, boolean, pods: readonly Workload[]]>([
    ['outside', 'iris-team.example.com', true, [knative]],
    ['of all services', 'models.example.com', true, [knative]],
    ['inside', 'iris.team.svc.cluster.local', true, [knative]],
    [
      "of the component: Knative's last hop",
      'iris-predictor.team.svc.cluster.local',
      false,
      [knative],
    ],
    ["of the component, short: Knative's last hop", 'iris-predictor.team', false, [knative]],
    ['outside the cluster, of the component', 'iris-predictor.team.example.com', false, [knative]],
    ['of another component', 'iris-transformer.team.svc', true, [knative]],
    ['that starts like it', 'iris-predictor.teams.svc', true, [knative]],
    ['outside the cluster, with a transformer', 'iris-team.example.com', true, [bare, transformer]],
    ['of the transformer', 'iris-transformer.team.svc', true, [bare, transformer]],
    ['that a transformer calls', 'iris-predictor.team', false, [bare, transformer]],
  ])('from a gateway under a host %s (%s): %s', (_title, host, expected, workloads) => {
    expect(atGatewayBefore(workloads, { host })).toBe(expected)
  })

  it.each<[LlmRole | undefined, others: LlmRole, boolean]>([
    ['decode', 'prefill', true],
    ['decode', 'both', true],
    ['both', 'prefill', true],
    ['both', 'both', false],
    ['prefill', 'decode', false],
    ['prefill', 'both', false],
    [undefined, 'prefill', false],
    ['scheduler', 'prefill', false],
  ])('from an LLM pod with role %s next to one with role %s: %s', (role, other, expected) => {
    expect(atLlmPod(anLlmPod(role), [anLlmPod(other, 'other')])).toBe(expected)
  })

  it.each<[title: string, readonly Workload[], boolean]>([
    ['that decode and prefill', [anLlmPod('decode'), anLlmPod('prefill')], true],
    ['that do both', [anLlmPod('both')], false],
    [
      'of which only the scheduler has a sidecar',
      [anLlmPod('both'), { ...anLlmPod('scheduler'), sidecar: true }],
      false,
    ],
    ['of which only the scheduler runs', [anLlmPod('scheduler')], true],
  ])('from a gateway to pods of an LLM %s: %s', (_title, workloads, expected) => {
    expect(atGatewayBefore(workloads)).toBe(expected)
  })

  it('from a gateway to an InferenceGraph, whose router calls other services', () => {
    const service = { kind: 'InferenceGraph', namespace: 'team', name: 'iris' } as const
    const router = aWorkload({ service, component: 'graph', sidecar: false })
    expect(atGatewayBefore([router], { kind: 'InferenceGraph' })).toBe(true)
  })
})

describe('by configuration', () => {
  it('`always` forwards it from everywhere', () => {
    for (const component of COMPONENTS) expect(atPodOf(component, 'always')).toBe(true)
    expect(atGatewayBefore([bare], { mode: 'always' })).toBe(true)
  })

  it('`never` forwards it from nowhere', () => {
    for (const component of COMPONENTS) expect(atPodOf(component, 'never')).toBe(false)
    expect(atGatewayBefore([aWorkload()], { mode: 'never' })).toBe(false)
    expect(atGatewayBefore([], { mode: 'never', kind: 'InferenceGraph' })).toBe(false)
  })
})
