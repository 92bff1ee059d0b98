/** As in go.mod. */
export const KUBERNETES = '1.36.3'
export const ETCD = '3.6.8'

/** How each program is named, built and known. */
export const PROGRAMS = {
  etcd: {
    variable: 'ETCD',
    binary: 'etcd',
    source: 'go.etcd.io/etcd/server/v3',
    flags: '-s -w',
    version: `etcd Version: ${ETCD}`,
    anyVersion: /^etcd Version: \d/,
  },
  apiServer: {
    variable: 'KUBE_APISERVER',
    binary: 'kube-apiserver',
    source: 'k8s.io/kubernetes/cmd/kube-apiserver',
    flags: `-s -w ${versionFlags(KUBERNETES)}`,
    version: `Kubernetes v${KUBERNETES}`,
    anyVersion: /^Kubernetes v\d/,
  },
} as const

export type Program = (typeof PROGRAMS)[keyof typeof PROGRAMS]

/** Without them kube-apiserver does not know its own version. */
function versionFlags(version: string): string {
  const [major, minor] = version.split('.')
  const facts = { gitVersion: `v${version}`, gitMajor: major, gitMinor: minor }
  return Object.entries(facts)
    .map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`)
    .join(' ')
}
