import path from 'node:path'
import type { GoModule, ModuleFile, Program } from './parts.ts'

const KUBERNETES_VERSION = '1.36.3'
const ETCD_VERSION = '3.6.8'
const KSERVE_VERSION = '0.20.0'
const KWOK_VERSION = '0.7.0'
const ISTIO_VERSION = '1.31-eed52ebb66ad'
const KUSTOMIZE_VERSION = '5.8.2'
const PROMETHEUS_VERSION = '3.15.0'

export const ETCD: Program = {
  variable: 'ETCD',
  file: 'etcd',
  source: 'go.etcd.io/etcd/server/v3',
  ask: '--version',
  version: ETCD_VERSION,
  versionIn: /^etcd Version: (\d\S*)/,
}

export const API_SERVER: Program = {
  variable: 'KUBE_APISERVER',
  file: 'kube-apiserver',
  source: 'k8s.io/kubernetes/cmd/kube-apiserver',
  linker: kubernetesVersion(KUBERNETES_VERSION),
  ask: '--version',
  version: KUBERNETES_VERSION,
  versionIn: /^Kubernetes v(\d\S*)/,
}

export const CONTROLLER_MANAGER: Program = {
  ...API_SERVER,
  variable: 'KUBE_CONTROLLER_MANAGER',
  file: 'kube-controller-manager',
  source: 'k8s.io/kubernetes/cmd/kube-controller-manager',
}

/** Gives pods their status, as the kubelets of many nodes would. */
export const KWOK: Program = {
  variable: 'KWOK',
  file: 'kwok',
  source: 'sigs.k8s.io/kwok/cmd/kwok',
  linker: `-X sigs.k8s.io/kwok/pkg/consts.Version=v${KWOK_VERSION}`,
  ask: '--version',
  version: KWOK_VERSION,
  versionIn: /^kwok version v(\d\S*)/,
}

/** It does not say its version. Its webhooks, which have no flag for an address, listen on loopback alone. */
export const KSERVE_MANAGER: Program = kserve('KSERVE_MANAGER', 'manager')
export const KSERVE_LLMISVC: Program = kserve('KSERVE_LLMISVC', 'llmisvc')

/**
 * The CRDs of KServe, without their schemas, which take the API server more than a gigabyte, and those of
 * others that its controllers watch.
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

/** Its ConfigMap, and what it has for all namespaces: runtimes, presets of LLMInferenceServices. */
export const KSERVE_OBJECTS: ModuleFile = {
  variable: 'KSERVE_OBJECTS',
  file: 'objects.yaml',
  module: 'github.com/kserve/kserve',
  paths: [
    'config/configmap/inferenceservice.yaml',
    `install/v${KSERVE_VERSION}/kserve-cluster-resources.yaml`,
  ],
}

export const PILOT_DISCOVERY: Program = {
  variable: 'PILOT_DISCOVERY',
  file: 'pilot-discovery',
  source: 'istio.io/istio/pilot/cmd/pilot-discovery',
  tags: 'vtprotobuf,disable_pgv',
  linker: `-X istio.io/istio/pkg/version.buildVersion=${ISTIO_VERSION}`,
  ask: 'version',
  version: ISTIO_VERSION,
  versionIn: /^client version: .*\bVersion:"([^"]+)"/,
}

export const ISTIO_CRDS: ModuleFile = {
  variable: 'ISTIO_CRDS',
  file: 'crd-all.gen.yaml',
  module: 'istio.io/istio',
  paths: ['manifests/charts/base/files/crd-all.gen.yaml'],
}

export const KUSTOMIZE: Program = {
  variable: 'KUSTOMIZE',
  file: 'kustomize',
  source: 'sigs.k8s.io/kustomize/kustomize/v5',
  ask: 'version',
  version: KUSTOMIZE_VERSION,
  versionIn: /^v(\d\S*)/,
}

/** Without service discovery, which is most of the code and is not needed to check rules. */
export const PROMTOOL: Program = {
  variable: 'PROMTOOL',
  file: 'promtool',
  source: 'github.com/prometheus/prometheus/cmd/promtool',
  tags: 'remove_all_sd',
  linker: `-X github.com/prometheus/common/version.Version=${PROMETHEUS_VERSION}`,
  ask: '--version',
  version: PROMETHEUS_VERSION,
  versionIn: /^promtool, version (\d\S*)/,
}

const folderOf = (name: string) => path.join(import.meta.dirname, name)

export const GO_MODULES = {
  kubernetes: {
    folder: folderOf('kubernetes'),
    version: `${KUBERNETES_VERSION}-etcd-${ETCD_VERSION}`,
    duration: 'about eleven minutes',
    parts: [ETCD, API_SERVER, CONTROLLER_MANAGER],
  },
  kserve: {
    folder: folderOf('kserve'),
    version: KSERVE_VERSION,
    duration: 'about six minutes',
    parts: [KSERVE_MANAGER, KSERVE_LLMISVC, KSERVE_CRDS, KSERVE_OBJECTS],
  },
  kwok: {
    folder: folderOf('kwok'),
    version: KWOK_VERSION,
    duration: 'about two minutes',
    parts: [KWOK],
  },
  istio: {
    folder: folderOf('istio'),
    version: ISTIO_VERSION,
    duration: 'about seven minutes',
    parts: [PILOT_DISCOVERY, ISTIO_CRDS],
  },
  kustomize: {
    folder: folderOf('kustomize'),
    version: KUSTOMIZE_VERSION,
    duration: 'less than a minute',
    parts: [KUSTOMIZE],
  },
  promtool: {
    folder: folderOf('promtool'),
    version: PROMETHEUS_VERSION,
    duration: 'about three minutes',
    parts: [PROMTOOL],
  },
} satisfies Readonly<Record<string, GoModule>>

function kserve(variable: string, file: 'manager' | 'llmisvc'): Program {
  return {
    variable,
    file,
    source: `github.com/kserve/kserve/cmd/${file}`,
    change: {
      module: 'sigs.k8s.io/controller-runtime',
      path: 'pkg/webhook/server.go',
      text: '\tif o.Port <= 0 {',
      by: '\to.Host = "127.0.0.1"\n\tif o.Port <= 0 {',
    },
    ask: '--help',
    version: file,
    versionIn: /^Usage of .*\b(manager|llmisvc):$/,
  }
}

/** Without these flags kube-apiserver does not know its own version. */
function kubernetesVersion(version: string): string {
  const [major, minor] = version.split('.')
  const facts = { gitVersion: `v${version}`, gitMajor: major, gitMinor: minor }
  return Object.entries(facts)
    .map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`)
    .join(' ')
}
