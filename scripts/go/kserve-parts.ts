import { WEBHOOKS_AT_LOOPBACK } from './loopback.ts'
import type { ModuleFile, Program } from './parts.ts'

export const KWOK_VERSION = '0.7.0'

/** The versions of KServe whose controllers run in tests; `make test` runs the first only. */
export const KSERVE_VERSIONS = ['0.20.0', '0.19.0'] as const
export type KserveVersion = (typeof KSERVE_VERSIONS)[number]

/** Sets the status of pods, as the kubelets of many nodes would. */
export const KWOK: Program = {
  variable: 'KWOK',
  file: 'kwok',
  source: 'sigs.k8s.io/kwok/cmd/kwok',
  linker: `-X sigs.k8s.io/kwok/pkg/consts.Version=v${KWOK_VERSION}`,
  ask: '--version',
  version: KWOK_VERSION,
  versionIn: /^kwok version v(\d\S*)/,
}

/** What a version needs. */
export function kserveParts(version: KserveVersion) {
  const { variables, gateways } = VERSIONS[version]
  const file = (name: string, paths: ModuleFile['paths']): ModuleFile => ({
    variable: `${variables}_${name.toUpperCase()}`,
    file: `${name}.yaml`,
    module: 'github.com/kserve/kserve',
    paths,
  })
  const crds = file('crds', gateways === undefined ? [...CRDS, GATEWAYS] : CRDS)
  return {
    manager: kserve(`${variables}_MANAGER`, 'manager'),
    llmisvc: kserve(`${variables}_LLMISVC`, 'llmisvc'),
    crds: [
      crds,
      ...(gateways === undefined ? [] : [{ ...file('gateways', [gateways]), module: GATEWAY_API }]),
    ],
    /** Its ConfigMap and its cluster-wide objects: runtimes, and presets of LLMInferenceServices. */
    objects: file('objects', [
      'config/configmap/inferenceservice.yaml',
      `install/v${version}/kserve-cluster-resources.yaml`,
    ]),
  }
}

type Version = {
  /** How the names of its environment variables begin. */
  readonly variables: string
  /** In the module of the Gateway API: the CRD of Gateways. Absent: the one that comes with KServe, if it is YAML. */
  readonly gateways?: string
}

const VERSIONS: Readonly<Record<KserveVersion, Version>> = {
  '0.20.0': { variables: 'KSERVE' },
  '0.19.0': {
    variables: 'KSERVE_0_19',
    gateways: 'config/crd/standard/gateway.networking.k8s.io_gateways.yaml',
  },
}

const GATEWAY_API = 'sigs.k8s.io/gateway-api'
const GATEWAYS = 'test/crds/gatewayapi_gateway.yaml'

/**
 * The CRDs of KServe and of other projects that its controllers watch, but Gateways. Schemas are removed: with them the API server
 * needs more than a gigabyte.
 */
const CRDS: ModuleFile['paths'] = [
  'config/crd/minimal/serving.kserve.io_clusterservingruntimes.yaml',
  'config/crd/minimal/serving.kserve.io_inferencegraphs.yaml',
  'config/crd/minimal/serving.kserve.io_inferenceservices.yaml',
  'config/crd/minimal/serving.kserve.io_servingruntimes.yaml',
  'config/crd/minimal/serving.kserve.io_trainedmodels.yaml',
  'config/crd/minimal/clusterstoragecontainer/serving.kserve.io_clusterstoragecontainers.yaml',
  'config/crd/minimal/llmisvc/serving.kserve.io_llminferenceserviceconfigs.yaml',
  'config/crd/minimal/llmisvc/serving.kserve.io_llminferenceservices.yaml',
  'test/crds/gatewayapi_gatewayclasses.yaml',
  'test/crds/gatewayapi_httproute.yaml',
  'test/crds/gateway-inference-extension.yaml',
  'test/crds/leaderworkerset.x-k8s.io_leaderworkersets.yaml',
]

/** The manifests of KServe's own documentation and tests, and its runtimes and presets. */
export const KSERVE_SAMPLES: ModuleFile = {
  variable: 'KSERVE_SAMPLES',
  file: 'samples.yaml',
  module: 'github.com/kserve/kserve',
  paths: ['docs', 'test', 'config/runtimes', 'config/llmisvcconfig', 'config/configmap'],
}

/** It does not print its version. */
function kserve(variable: string, file: 'manager' | 'llmisvc'): Program {
  return {
    variable,
    file,
    source: `github.com/kserve/kserve/cmd/${file}`,
    edits: { module: 'sigs.k8s.io/controller-runtime', edits: WEBHOOKS_AT_LOOPBACK },
    ask: '--help',
    version: file,
    versionIn: /^Usage of .*\b(manager|llmisvc):$/,
  }
}
