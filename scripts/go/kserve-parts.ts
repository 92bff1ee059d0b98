import { WEBHOOKS_AT_LOOPBACK } from './loopback.ts'
import type { ModuleFile, Program } from './parts.ts'

export const KSERVE_VERSION = '0.20.0'
export const KWOK_VERSION = '0.7.0'

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

/** It does not print its version. */
export const KSERVE_MANAGER: Program = kserve('KSERVE_MANAGER', 'manager')
export const KSERVE_LLMISVC: Program = kserve('KSERVE_LLMISVC', 'llmisvc')

/**
 * The CRDs of KServe and of other projects that its controllers watch. Schemas are removed: with them the API server
 * needs more than a gigabyte.
 */
export const KSERVE_CRDS: ModuleFile = {
  variable: 'KSERVE_CRDS',
  file: 'crds.yaml',
  module: 'github.com/kserve/kserve',
  paths: [
    'config/crd/minimal/serving.kserve.io_clusterservingruntimes.yaml',
    'config/crd/minimal/serving.kserve.io_inferencegraphs.yaml',
    'config/crd/minimal/serving.kserve.io_inferenceservices.yaml',
    'config/crd/minimal/serving.kserve.io_servingruntimes.yaml',
    'config/crd/minimal/serving.kserve.io_trainedmodels.yaml',
    'config/crd/minimal/clusterstoragecontainer/serving.kserve.io_clusterstoragecontainers.yaml',
    'config/crd/minimal/llmisvc/serving.kserve.io_llminferenceserviceconfigs.yaml',
    'config/crd/minimal/llmisvc/serving.kserve.io_llminferenceservices.yaml',
    'test/crds/gatewayapi_gatewayclasses.yaml',
    'test/crds/gatewayapi_gateway.yaml',
    'test/crds/gatewayapi_httproute.yaml',
    'test/crds/gateway-inference-extension.yaml',
    'test/crds/leaderworkerset.x-k8s.io_leaderworkersets.yaml',
  ],
}

/** Its ConfigMap and its cluster-wide objects: runtimes, and presets of LLMInferenceServices. */
export const KSERVE_OBJECTS: ModuleFile = {
  variable: 'KSERVE_OBJECTS',
  file: 'objects.yaml',
  module: 'github.com/kserve/kserve',
  paths: [
    'config/configmap/inferenceservice.yaml',
    `install/v${KSERVE_VERSION}/kserve-cluster-resources.yaml`,
  ],
}

/** The manifests that KServe's own documentation applies. */
export const KSERVE_SAMPLES: ModuleFile = {
  variable: 'KSERVE_SAMPLES',
  file: 'samples.yaml',
  module: 'github.com/kserve/kserve',
  paths: ['docs/samples', 'config/runtimes', 'config/llmisvcconfig', 'config/configmap'],
}

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
