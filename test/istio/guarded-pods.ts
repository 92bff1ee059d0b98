import type { Written } from '../../testing/cluster/client.ts'
import { aModelPod, inferenceService, llm, MODEL, SIDECAR, security } from './model-pods.ts'

type Row = readonly [title: string, object: Written]

const LABELS: Readonly<Record<string, string>> = {
  'sidecar.istio.io/inject': 'false',
  'istio.io/rev': 'other',
  'istio.io/dataplane-mode': 'ambient',
}

const ANNOTATIONS: readonly (readonly [key: string, value: string])[] = [
  ['sidecar.istio.io/inject', 'false'],
  ['inject.istio.io/templates', 'grpc-agent'],
  ['inject.istio.io/templates', 'sidecar,mine'],
  ['ambient.istio.io/bypass-inbound-capture', 'true'],
  ['traffic.sidecar.istio.io/includeInboundPorts', ''],
  ['traffic.sidecar.istio.io/includeInboundPorts', '9000'],
  ['traffic.sidecar.istio.io/excludeInboundPorts', '8080'],
  ['traffic.sidecar.istio.io/excludeInboundPorts', '15020,8080'],
  ['traffic.sidecar.istio.io/excludeInboundPorts', '*'],
  ['traffic.sidecar.istio.io/excludeInterfaces', 'eth0'],
  ['traffic.sidecar.istio.io/kubevirtInterfaces', 'eth0'],
  ['istio.io/reroute-virtual-interfaces', 'eth0'],
  ['status.sidecar.istio.io/port', '8080'],
  ['sidecar.istio.io/interceptionMode', 'NONE'],
  ['proxy.istio.io/config', '{discoveryAddress: mine.example.com}'],
  ['proxy.istio.io/overrides', '{}'],
  ['sidecar.istio.io/bootstrapOverride', 'mine'],
  ['sidecar.istio.io/discoveryAddress', 'mine.example.com'],
  ['sidecar.istio.io/proxyImage', 'example.com/mine'],
  ['sidecar.istio.io/userVolume', '{}'],
  ['sidecar.istio.io/userVolumeMount', '{}'],
]

/** Changes that remove a sidecar or make it see less traffic, by the policy that refuses them. */
export const REFUSED_PODS: Readonly<Record<string, readonly Row[]>> = {
  'pods.kserve-authz.io': [
    ...Object.entries(LABELS).flatMap(([key, value]): Row[] => [
      [`label ${key}`, aModelPod({ labels: { ...MODEL, [key]: value } })],
      [`label ${key} of an owner`, inferenceService({ labels: { [key]: value } })],
    ]),
    ...ANNOTATIONS.flatMap(([key, value]): Row[] => [
      [`${key}: ${value}`, aModelPod({ annotations: { [key]: value } })],
      [`${key}: ${value} of an owner`, inferenceService({ annotations: { [key]: value } })],
    ]),
    ['no sidecar', aModelPod({ sidecar: null })],
    ['hostNetwork', aModelPod({ spec: { hostNetwork: true } })],
    ['hostPID', aModelPod({ spec: { hostPID: true } })],
    ['shareProcessNamespace', aModelPod({ spec: { shareProcessNamespace: true } })],
    ['runAsUser', aModelPod({ spec: security({ runAsUser: 1337 }) })],
    ['runAsGroup', aModelPod({ spec: security({ runAsGroup: 1337 }) })],
    ['runAsUser of a container', aModelPod({ container: security({ runAsUser: 1337 }) })],
    ['runAsGroup of a container', aModelPod({ container: security({ runAsGroup: 1337 }) })],
    ['privileged', aModelPod({ container: security({ privileged: true }) })],
    ...['NET_ADMIN', 'ALL', 'SYS_ADMIN', 'SYS_PTRACE'].map(
      (name): Row => [
        name,
        aModelPod({ container: security({ capabilities: { add: ['CHOWN', name] } }) }),
      ],
    ),
    [
      'a container that starts before it',
      aModelPod({
        spec: {
          initContainers: [{ name: 'a', image: 'none', ...security({ privileged: true }) }],
        },
      }),
    ],
    ['a transformer', aModelPod({ labels: { component: 'transformer' }, sidecar: null })],
    [
      'an LLM',
      aModelPod({
        labels: {
          'app.kubernetes.io/part-of': 'llminferenceservice',
          'kserve.io/component': 'workload',
        },
        sidecar: null,
      }),
    ],
    [
      'a graph without the label of its kind',
      aModelPod({ labels: { 'serving.kserve.io/inferencegraph': 'chain' } }),
    ],
  ],
  'containers.kserve-authz.io': [
    ...['predictor', 'transformer', 'explainer'].flatMap((part): Row[] => [
      [part, inferenceService({}, { [part]: { containers: [{ name: 'istio-proxy' }] } })],
      [
        `${part}, before`,
        inferenceService({}, { [part]: { initContainers: [{ name: 'istio-init' }] } }),
      ],
    ]),
    [
      'workers',
      inferenceService(
        {},
        { predictor: { workerSpec: { containers: [{ name: 'istio-proxy' }] } } },
      ),
    ],
    ...['template', 'worker'].flatMap((part): Row[] => [
      [`LLM, ${part}`, llm({ [part]: { containers: [{ name: 'a' }, { name: 'istio-proxy' }] } })],
      [
        `LLM, prefill, ${part}`,
        llm({ prefill: { [part]: { containers: [{ name: 'istio-proxy' }] } } }),
      ],
    ]),
  ],
}

const BARE = { labels: { app: 'other' }, sidecar: null }

export const TAKEN_PODS: readonly Row[] = [
  ['a model', aModelPod()],
  [
    'a model, as Istio writes its keys',
    aModelPod({
      labels: { ...MODEL, 'sidecar.istio.io/inject': 'true', 'security.istio.io/tlsMode': 'istio' },
      annotations: {
        'istio.io/rev': 'default',
        'sidecar.istio.io/inject': 'true',
        'sidecar.istio.io/status': '{}',
        'sidecar.istio.io/interceptionMode': 'REDIRECT',
        'traffic.sidecar.istio.io/includeInboundPorts': '*',
        'traffic.sidecar.istio.io/excludeInboundPorts': '15020',
        'traffic.sidecar.istio.io/includeOutboundIPRanges': '*',
        'sidecar.istio.io/proxyCPU': '100m',
      },
    }),
  ],
  [
    'a model with a sidecar that starts first, and its setup',
    aModelPod({
      sidecar: null,
      spec: {
        initContainers: [
          {
            name: 'istio-init',
            image: 'none',
            ...security({ capabilities: { add: ['NET_ADMIN', 'NET_RAW'] } }),
          },
          { name: 'istio-proxy', image: 'none', restartPolicy: 'Always', ...SIDECAR },
        ],
      },
    }),
  ],
  [
    'a graph',
    aModelPod({
      labels: {
        'serving.kserve.io/inferencegraph': 'chain',
        'serving.kserve.io/kind': 'InferenceGraph',
      },
    }),
  ],
  ['the scheduler of an LLM', aModelPod({ ...BARE, labels: { 'kserve.io/component': 'router' } })],
  ['a pod of another application', aModelPod({ ...BARE, spec: { hostNetwork: true } })],
  [
    'a model of the installation',
    {
      ...aModelPod({ sidecar: null }),
      metadata: { namespace: 'kserve', name: 'tried', labels: MODEL },
    },
  ],
  ['an InferenceService', inferenceService({ annotations: { a: 'b' } })],
  ['an LLM', llm({ template: { containers: [{ name: 'main' }] } })],
]
