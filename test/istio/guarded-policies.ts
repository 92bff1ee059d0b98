import type { Written } from '../../testing/cluster/client.ts'

type Row = readonly [title: string, object: Written]

type Asking = { readonly at?: 'gateway' | 'workload'; readonly provider?: string }

const asking = (rule: object, { at = 'gateway', provider }: Asking = {}): Written => ({
  apiVersion: 'security.istio.io/v1',
  kind: 'AuthorizationPolicy',
  metadata: { namespace: 'istio-system', name: 'tried' },
  spec: {
    selector: { matchLabels: { istio: 'ingressgateway' } },
    action: 'CUSTOM',
    provider: { name: provider ?? `kserve-authz-${at}` },
    rules: [rule],
  },
})

const to = (operation: object, where?: Asking) => asking({ to: [{ operation }] }, where)

const AT_PODS = { at: 'workload' } as const

/** Policies that leave models unchecked, although Istio accepts them. */
export const REFUSED_POLICIES_OF_OURS: readonly Row[] = [
  ...[undefined, AT_PODS].flatMap((where): Row[] => [
    ['hosts', to({ hosts: ['iris.example.com', 'iris.example.com:*'] }, where)],
    ['paths', to({ paths: ['/v1/*'] }, where)],
    ['methods', to({ methods: ['POST'] }, where)],
    ['ports', to({ ports: ['8080'] }, where)],
    ['notMethods', to({ notMethods: ['GET'] }, where)],
    ['a prefix in notPaths', to({ notPaths: ['/healthz*'] }, where)],
    ['a suffix in notPaths', to({ notPaths: ['*/healthz'] }, where)],
    ['a template in notPaths', to({ notPaths: ['/v1/{*}'] }, where)],
    ['from', asking({ from: [{ source: { ipBlocks: ['10.0.0.0/8'] } }] }, where)],
    ['when', asking({ when: [{ key: 'request.headers[a]', values: ['b'] }] }, where)],
  ]),
  ['notHosts at pods', to({ notHosts: ['a.example.com'] }, AT_PODS)],
  [
    'hosts behind others',
    asking({ to: [{ operation: { notPorts: ['1'] } }, { operation: { hosts: ['a'] } }] }),
  ],
]

export const TAKEN_POLICIES_OF_OURS: readonly Row[] = [
  ['every request', asking({})],
  ['notHosts', to({ notHosts: ['dashboard.example.com', 'dashboard.example.com:*'] })],
  ['notPaths and notPorts', to({ notPaths: ['/healthz'], notPorts: ['6379'] }, AT_PODS)],
  ['hosts of another provider', to({ hosts: ['a.example.com'] }, { provider: 'oauth2-proxy' })],
]
