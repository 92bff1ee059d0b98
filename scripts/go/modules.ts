import path from 'node:path'
import {
  KSERVE_SAMPLES,
  KSERVE_VERSIONS,
  type KserveVersion,
  KWOK,
  KWOK_VERSION,
  kserveParts,
} from './kserve-parts.ts'
import { LISTEN_AT_ADDRESS } from './loopback.ts'
import type { GoModule, ModuleFile, Program } from './parts.ts'

const KUBERNETES_VERSION = '1.36.3'
const ETCD_VERSION = '3.6.8'
const ISTIO_VERSION = '1.31-eed52ebb66ad'
const KREW_VERSION = '0.4.3'
const KUSTOMIZE_VERSION = '5.8.2'
const HELM_VERSION = '4.3.2'
const PROMETHEUS_VERSION = '3.15.0'
const ENVOY_GATEWAY_VERSION = '1.9.1'
const GRPC_GO_VERSION = '1.80.0'
const H2SPEC_VERSION = '2.6.0-70ac22940108'

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

/** It prints its version only with two arguments. */
export const KUBECTL: Program = {
  variable: 'KUBECTL',
  file: 'kubectl',
  source: 'k8s.io/kubernetes/cmd/kubectl',
  linker: kubernetesVersion(KUBERNETES_VERSION),
  ask: '--help',
  version: 'kubectl',
  versionIn: /^Use "(kubectl) options"/,
}

/** It prints no version that its module has. The newest version that is a Go module. */
export const KREW: Program = {
  variable: 'KREW',
  file: 'kubectl-krew',
  source: 'sigs.k8s.io/krew/cmd/krew',
  ask: '--help',
  version: 'krew',
  versionIn: /^(krew) is the kubectl plugin manager/,
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

export const HELM: Program = {
  variable: 'HELM',
  file: 'helm',
  source: 'helm.sh/helm/v4/cmd/helm',
  linker: `-X helm.sh/helm/v4/internal/version.version=v${HELM_VERSION}`,
  ask: 'version',
  version: HELM_VERSION,
  versionIn: /\bVersion:"v(\d[^"]*)"/,
}

/** Without service discovery, which is most of the code: targets are in its configuration. It has no pages. */
export const PROMETHEUS: Program = {
  variable: 'PROMETHEUS',
  file: 'prometheus',
  source: 'github.com/prometheus/prometheus/cmd/prometheus',
  tags: 'remove_all_sd',
  linker: `-X github.com/prometheus/common/version.Version=${PROMETHEUS_VERSION}`,
  ask: '--version',
  version: PROMETHEUS_VERSION,
  versionIn: /^prometheus, version (\d\S*)/,
}

export const PROMTOOL: Program = {
  ...PROMETHEUS,
  variable: 'PROMTOOL',
  file: 'promtool',
  source: 'github.com/prometheus/prometheus/cmd/promtool',
  versionIn: /^promtool, version (\d\S*)/,
}

export const ENVOY_GATEWAY: Program = {
  variable: 'ENVOY_GATEWAY',
  file: 'envoy-gateway',
  source: 'github.com/envoyproxy/gateway/cmd/envoy-gateway',
  linker: `-X github.com/envoyproxy/gateway/internal/cmd/version.envoyGatewayVersion=v${ENVOY_GATEWAY_VERSION}`,
  ask: 'version',
  version: ENVOY_GATEWAY_VERSION,
  versionIn: /^ENVOY_GATEWAY_VERSION: v(\d\S*)/,
  edits: { module: 'github.com/envoyproxy/gateway', edits: LISTEN_AT_ADDRESS },
}

/** Includes the CRDs of the Gateway API. */
export const ENVOY_GATEWAY_CRDS: ModuleFile = {
  variable: 'ENVOY_GATEWAY_CRDS',
  file: 'crds.yaml',
  module: 'github.com/envoyproxy/gateway',
  paths: ['charts/gateway-helm/charts/crds/crds'],
}

/** The commit of the release 2.6.0, which is not a version of a Go module. */
export const H2SPEC: Program = {
  variable: 'H2SPEC',
  file: 'h2spec',
  source: 'github.com/summerwind/h2spec/cmd/h2spec',
  linker: `-X main.VERSION=${H2SPEC_VERSION}`,
  ask: '--version',
  version: H2SPEC_VERSION,
  versionIn: /^Version: (\d\S*)/,
}

/** A server of checks that answers with a constant. */
export const NULL_GRPC_GO: Program = {
  variable: 'NULL_GRPC_GO',
  file: 'null-grpc-go',
  source: './null-server',
  ask: '--version',
  version: GRPC_GO_VERSION,
  versionIn: /^null-grpc-go, grpc-go (\d\S*)/,
}

/** Sends requests at a fixed rate. */
export const OPEN_LOOP: Program = {
  variable: 'OPEN_LOOP',
  file: 'open-loop',
  source: './open-loop',
  ask: '--version',
  version: '1.0.0',
  versionIn: /^open-loop (\d\S*)/,
}

const folderOf = (name: string) => path.join(import.meta.dirname, name)

export const GO_MODULES = {
  kubernetes: {
    folder: folderOf('kubernetes'),
    version: `${KUBERNETES_VERSION}-etcd-${ETCD_VERSION}`,
    duration: 'about eleven minutes',
    parts: [ETCD, API_SERVER, CONTROLLER_MANAGER],
  },
  kubectl: {
    folder: folderOf('kubectl'),
    version: KUBERNETES_VERSION,
    duration: 'about a minute, after the other programs of Kubernetes',
    parts: [KUBECTL],
  },
  krew: {
    folder: folderOf('krew'),
    version: KREW_VERSION,
    duration: 'half a minute, after other programs',
    parts: [KREW],
  },
  /** Apart from the programs, so that a change of it builds none. */
  kserveSamples: {
    folder: folderOf('kserve'),
    name: 'kserve-samples',
    version: KSERVE_VERSIONS[0],
    duration: 'some seconds',
    parts: [KSERVE_SAMPLES],
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
  helm: {
    folder: folderOf('helm'),
    version: HELM_VERSION,
    duration: 'about four minutes',
    parts: [HELM],
  },
  prometheus: {
    folder: folderOf('prometheus'),
    version: PROMETHEUS_VERSION,
    duration: 'about four minutes',
    parts: [PROMETHEUS, PROMTOOL],
  },
  h2spec: {
    folder: folderOf('h2spec'),
    version: H2SPEC_VERSION,
    duration: 'less than a minute',
    parts: [H2SPEC],
  },
  bench: {
    folder: folderOf('bench'),
    version: GRPC_GO_VERSION,
    duration: 'about a minute',
    parts: [NULL_GRPC_GO, OPEN_LOOP],
  },
  envoyGateway: {
    folder: folderOf('envoy-gateway'),
    version: ENVOY_GATEWAY_VERSION,
    duration: 'about six minutes',
    parts: [ENVOY_GATEWAY, ENVOY_GATEWAY_CRDS],
  },
} satisfies Readonly<Record<string, GoModule>>

export const KSERVE_MODULES: Readonly<Record<KserveVersion, GoModule>> = {
  '0.20.0': kserveModule('kserve', '0.20.0'),
  '0.19.0': kserveModule('kserve-0.19', '0.19.0'),
}

function kserveModule(folder: string, version: KserveVersion): GoModule {
  const { manager, llmisvc, crds, objects } = kserveParts(version)
  return {
    folder: folderOf(folder),
    name: 'kserve',
    version,
    duration: 'about nine minutes',
    parts: [manager, llmisvc, ...crds, objects],
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
