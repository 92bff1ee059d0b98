import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { examine } from '../../src/doctor/examine.ts'
import { FINDINGS } from '../../src/doctor/finding.ts'
import { EXAMINED, objectsFrom } from '../../src/doctor/objects.ts'
import { COLLECTIONS } from '../../src/doctor/read-cluster.ts'
import {
  API_SERVER,
  AT_ROUTE,
  aFilter,
  annotated,
  EXCLUDE,
  egress,
  fence,
  ISTIOD,
  imaged,
  MODEL_POD,
  movedProbe,
  NETWORK_POLICY,
  namespaceNamed,
  OTHER_PROVIDER,
  PAIRS,
  ports,
  SIDECAR,
  toBlock,
  WITHOUT_PROVIDER,
  withPort,
  withTls,
} from './pairs.ts'
import {
  AT_ENVOY_GATEWAY,
  changed,
  type Fields,
  IN_ISTIO,
  metadata,
  OPTIONS,
  spec,
  without,
} from './sound.ts'

const found = (objects: readonly Fields[]) => examine(objectsFrom(objects), OPTIONS).findings

const codesIn = (objects: readonly Fields[]) => found(objects).map(({ code }) => code)

describe('docs/doctor.md', () => {
  const page = readFileSync(path.join(import.meta.dirname, '../../docs/doctor.md'), 'utf8')

  it('lists every finding', () => {
    const rows = [...page.matchAll(/^\| `([a-z0-9-]+)` \| (\w+) \| (.+) \|$/gm)].map(
      ([, code, severity, effect]) => [code, { severity, effect }],
    )
    expect(Object.fromEntries(rows)).toEqual(FINDINGS)
  })

  it('lists every kind', () => {
    const list = /## What it reads\n\n(.+?)\n\n/s.exec(page)?.[1] ?? ''
    const kinds = [...list.matchAll(/`(\w+)`/g)].map(([, kind]) => kind)
    expect(kinds).toEqual(Object.keys(EXAMINED))
  })
})

it('every kind that is examined is listed in a cluster but Secrets and Leases, and no other', () => {
  const listed = new Set(COLLECTIONS.map(({ kind }) => kind))
  expect([...listed, 'Secret', 'Lease'].toSorted()).toEqual(Object.keys(EXAMINED).toSorted())
})

describe('the doctor', () => {
  it.each([
    ['Istio', IN_ISTIO],
    ['Envoy Gateway', AT_ENVOY_GATEWAY],
  ])('finds nothing in a sound installation: %s', (_title, objects) => {
    expect(found(objects)).toEqual([])
    const { services, pods } = examine(objectsFrom(objects), OPTIONS)
    expect([services, pods]).toEqual([1, 1])
  })

  const rows = Object.entries(PAIRS).flatMap(([code, pairs]) =>
    pairs.map(([title, objects]) => [code, title, objects] as const),
  )
  it.each(rows)('finds %s: %s', (code, _title, objects) => {
    expect(new Set(codesIn(objects))).toEqual(new Set([code]))
  })

  it.each([
    ['eight days are left', '2025-12-01 2026-03-09'],
    ['a third of two days is left', '2026-02-27T16:00Z 2026-03-01T16:00Z'],
  ])('takes a certificate of which %s', (_title, text) => {
    expect(codesIn(withTls(text))).toEqual([])
  })

  it('takes any certificate without TLS, or of a Secret that the service does not mount', () => {
    const expired = withTls('2025-12-01 2026-02-28')
    expect(examine(objectsFrom(expired), { ...OPTIONS, certFile: undefined }).findings).toEqual([])
    const elsewhere = { ...OPTIONS, certFile: '/other/tls.crt' }
    expect(examine(objectsFrom(expired), elsewhere).findings).toEqual([])
  })

  it('finds TLS of Envoy that the service does not have', () => {
    const plain = { ...OPTIONS, tls: false }
    expect(examine(objectsFrom(AT_ENVOY_GATEWAY), plain).findings).toMatchObject([
      {
        code: 'tls-differs',
        object: 'BackendTLSPolicy kserve-authz/kserve-authz',
        message:
          'it makes Envoy use TLS at port 9003 of Service kserve-authz/kserve-authz, and the service has none',
      },
    ])
    const unknown = { ...OPTIONS, tls: undefined }
    expect(examine(objectsFrom(AT_ENVOY_GATEWAY), unknown).findings).toEqual([])
    const unread = objectsFrom(
      without(AT_ENVOY_GATEWAY, 'BackendTLSPolicy kserve-authz'),
      new Map([['BackendTLSPolicy', 'missing permission']]),
    )
    expect(examine(unread, OPTIONS).findings).toMatchObject([{ code: 'not-read' }])
  })

  it('says that the certificate is not there', () => {
    expect(found(withTls())).toMatchObject([
      { code: 'not-read', object: 'Secret kserve-authz/kserve-authz-tls' },
    ])
  })

  it('says when a certificate expired, and how to renew it', () => {
    expect(found(withTls('2025-12-01 2026-02-28'))).toMatchObject([
      {
        object: 'Secret kserve-authz/kserve-authz-tls',
        message: 'the certificate tls.crt expired at 2026-02-28T00:00:00.000Z',
        remedy: 'cmctl renew -n kserve-authz CERTIFICATE, or replace tls.crt of the Secret.',
      },
    ])
  })

  it('finds nothing at an open model', () => {
    const open = changed(IN_ISTIO, 'InferenceService iris', metadata({ annotations: {} }))
    expect(codesIn(without(open, 'AuthorizationPolicy kserve-authz-predictor'))).toEqual([])
  })

  it('finds nothing if a SecurityPolicy of kserve-authz is at the route instead of the Gateway', () => {
    const targetRefs = [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name: 'iris' }]
    const policy = 'SecurityPolicy kserve-authz'
    const moved = changed(AT_ENVOY_GATEWAY, policy, metadata({ namespace: 'team' }))
    expect(codesIn(changed(moved, policy, spec({ targetRefs })))).toEqual([])
  })

  it('finds an unguarded model that only an AccessPolicy protects', () => {
    const open = changed(IN_ISTIO, 'InferenceService iris', metadata({ annotations: {} }))
    const policy = {
      apiVersion: 'kserve-authz.io/v1alpha1',
      kind: 'AccessPolicy',
      metadata: { name: 'mine', namespace: 'team' },
      spec: { rules: [{ from: [{ groups: ['staff'] }] }] },
    }
    expect(
      codesIn([...without(open, 'AuthorizationPolicy kserve-authz-predictor'), policy]),
    ).toEqual(['pod-not-selected'])
  })

  it('takes a revision without the provider that no pod uses', () => {
    expect(codesIn([...IN_ISTIO, WITHOUT_PROVIDER])).toEqual([])
  })

  it.each(['authz:latest', 'authz', 'registry.example.com:5000/authz'])(
    'takes the image %s, which names no version',
    (image) => {
      expect(codesIn(changed(IN_ISTIO, 'Deployment kserve-authz', imaged(image)))).toEqual([])
    },
  )

  it.each([
    ['deploy/network-policy', NETWORK_POLICY],
    [
      'a namespace by a label',
      [
        {
          apiVersion: 'v1',
          kind: 'Namespace',
          metadata: { name: 'team', labels: { mesh: 'yes' } },
        },
        fence({ ingress: [{ from: [{ namespaceSelector: { matchLabels: { mesh: 'yes' } } }] }] }),
      ],
    ],
    [
      'one policy of two, and a named port',
      [
        fence({ policyTypes: ['Ingress'] }),
        fence({ ingress: [{ ports: [{ port: 'grpc-workload' }] }] }, 'kserve-authz', 'other'),
      ],
    ],
    [
      'a range of ports',
      [fence({ ingress: [{ ports: [{ protocol: 'TCP', port: 9000, endPort: 9009 }] }] })],
    ],
    [
      'outgoing connections to the service',
      [
        fence(
          {
            policyTypes: ['Egress'],
            egress: [
              {
                to: [
                  {
                    ...namespaceNamed('kserve-authz'),
                    podSelector: { matchLabels: { 'app.kubernetes.io/name': 'kserve-authz' } },
                  },
                ],
                ports: ports(9001),
              },
            ],
          },
          'team',
        ),
      ],
    ],
    ['those to the API server', [API_SERVER, egress(toBlock('192.0.2.0/24', 6443))]],
    ['those to every address', [egress(toBlock('0.0.0.0/0', 443))]],
    ['a policy of other pods', [fence({ podSelector: { matchLabels: { app: 'other' } } })]],
  ])('takes NetworkPolicies that admit %s', (_title, further) => {
    expect(codesIn([...IN_ISTIO, ...further])).toEqual([])
  })

  it.each([
    ['excludes only its own ports', { [EXCLUDE]: '15020, 15021,15090' }],
    ['excludes none', { [EXCLUDE]: '' }],
    ['includes all ports', { 'traffic.sidecar.istio.io/includeInboundPorts': '*' }],
    ['redirects by TPROXY', { 'sidecar.istio.io/interceptionMode': 'TPROXY' }],
    ['starts first', { 'proxy.istio.io/config': 'holdApplicationUntilProxyStarts: true' }],
  ])('takes a sidecar that %s', (_title, annotations) => {
    expect(codesIn(annotated(annotations))).toEqual([])
  })

  it('takes a pod as Istio injects it', () => {
    const args =
      'istio-iptables -p 15001 -z 15006 -u 1337 -m REDIRECT -i * -x  -b * -d 15090,15021,15020'
    const pod = spec({
      initContainers: [{ name: 'istio-init', args: args.split(' ') }],
      containers: withPort({}, [movedProbe('HTTP')]),
    })
    expect(codesIn(changed(IN_ISTIO, MODEL_POD, pod))).toEqual([])
  })

  it('takes the ports that istio/components open, and TLS at them', () => {
    const ports = [{ containerPort: 6379 }, { containerPort: 9000, protocol: 'UDP' }]
    const probe = { httpGet: { port: 8443, scheme: 'HTTPS' } }
    const proxy = {
      name: 'kube-rbac-proxy',
      ports: [{ containerPort: 8443 }],
      livenessProbe: probe,
    }
    const open = changed(
      IN_ISTIO,
      'AuthorizationPolicy kserve-authz-predictor',
      spec({ rules: [{ to: [{ operation: { notPorts: ['6379', '8443'] } }] }] }),
    )
    const containers = [...withPort({ ports }), proxy]
    expect(codesIn(changed(open, MODEL_POD, spec({ containers })))).toEqual([])
  })

  it('names the port of the model that is excluded', () => {
    const excluded = changed(
      annotated({ [EXCLUDE]: '8080,9' }),
      MODEL_POD,
      spec({ containers: withPort() }),
    )
    expect(found(excluded)).toMatchObject([
      {
        message: `Pod team/iris-predictor-0 has the port 8080 of kserve-container, 9 excluded from the sidecar, by the annotation ${EXCLUDE}`,
      },
    ])
    const some = annotated({ 'traffic.sidecar.istio.io/includeInboundPorts': '8443' })
    expect(found(changed(some, MODEL_POD, spec({ containers: withPort() })))).toMatchObject([
      {
        message: expect.stringContaining(
          'has every port but 8443 excluded from the sidecar, such as 8080 of kserve-container',
        ),
      },
    ])
  })

  it('names the policy that is outside the root namespace', () => {
    const policy = 'AuthorizationPolicy kserve-authz-predictor'
    expect(found(changed(IN_ISTIO, policy, metadata({ namespace: 'other' })))).toMatchObject([
      {
        message:
          'Pod team/iris-predictor-0 is selected by no AuthorizationPolicy with a provider of kserve-authz: ' +
          'AuthorizationPolicy other/kserve-authz-predictor is not in the root namespace istio-system',
      },
    ])
  })

  it('says which connection a NetworkPolicy does not admit, and how to admit it', () => {
    const closed = fence({ policyTypes: ['Ingress'] })
    expect(found([...IN_ISTIO, closed])).toMatchObject([
      {
        object: 'NetworkPolicy kserve-authz/mine',
        message:
          'it keeps Pod team/iris-predictor-0 from port 9001 of the pods of kserve-authz in namespace kserve-authz',
        remedy: 'kubectl apply -f deploy/network-policy/network-policy.yaml',
      },
    ])
    expect(codesIn([...IN_ISTIO, closed, ...NETWORK_POLICY])).toEqual([])
  })

  it('finds that an identity provider, or DNS, cannot be reached', () => {
    const outside = [{ name: 'the identity provider corp at id.example.com', port: 8443 }]
    const within = (...rules: readonly Fields[]) =>
      examine(objectsFrom([...IN_ISTIO, API_SERVER, egress(...rules)]), {
        ...OPTIONS,
        outside,
      }).findings.map(({ code, message }) => `${code}: ${message}`)
    const api = toBlock('192.0.2.7/32', 6443)
    const dns = { ports: [{ port: 53, protocol: 'UDP' }] }
    expect(within(api, dns)).toEqual([
      'egress-closed: it keeps the service from the identity provider corp at id.example.com, port 8443',
    ])
    expect(within(api, { ports: ports(8443) })).toEqual([
      'egress-closed: it keeps the service from DNS, port 53',
    ])
    expect(within(api, dns, toBlock('198.51.100.0/24', 8443))).toEqual([
      expect.stringMatching(/^network-unknown: it may keep the service from the identity provider/),
    ])
    expect(within(api, dns, { ports: ports(8443) })).toEqual([])
    const pods = { to: [{ namespaceSelector: {} }], ports: dns.ports }
    expect(within(api, pods, { ports: ports(8443) })).toEqual([])
  })

  it('takes a second provider if every istiod does', () => {
    expect(codesIn([...IN_ISTIO, OTHER_PROVIDER, ISTIOD])).toEqual([])
    const other = { ...ISTIOD, metadata: { ...ISTIOD.metadata, name: 'istiod-1-30' }, spec: {} }
    expect(codesIn([...IN_ISTIO, OTHER_PROVIDER, ISTIOD, other])).toEqual(['second-provider'])
  })

  it.each([
    ['adds a filter', aFilter('INSERT_BEFORE')],
    [
      'changes a cluster',
      spec({ configPatches: [{ applyTo: 'CLUSTER', patch: { operation: 'MERGE' } }] })(
        aFilter('MERGE'),
      ),
    ],
    ['removes another filter', aFilter('REMOVE', 'envoy.filters.http.cors')],
    ['is in another namespace', aFilter('REMOVE', 'envoy.filters.http.ext_authz', 'other')],
    [
      'is for other pods',
      spec({ workloadSelector: { labels: { component: 'other' } } })(aFilter('REMOVE')),
    ],
  ])('takes an EnvoyFilter that %s', (_title, filter) => {
    expect(codesIn([...IN_ISTIO, filter])).toEqual([])
  })

  it('takes a Sidecar that lists the service', () => {
    const listing = spec({ egress: [{ hosts: ['./*', 'kserve-authz/*'] }] })(SIDECAR)
    expect(codesIn([...IN_ISTIO, listing])).toEqual([])
  })

  it('takes a policy of a tenant with a merge type', () => {
    expect(codesIn([...AT_ENVOY_GATEWAY, spec({ mergeType: 'StrategicMerge' })(AT_ROUTE)])).toEqual(
      [],
    )
  })

  it('names the first pod of a service, and counts the others', () => {
    const bare = changed(IN_ISTIO, MODEL_POD, spec({ containers: [{ name: 'kserve-container' }] }))
    const pods = [1, 2, 3].map((number) =>
      bare
        .filter(({ kind }) => kind === 'Pod')
        .map((pod) => ({ ...pod, metadata: { ...Object(pod.metadata), name: `iris-${number}` } })),
    )
    const [finding, ...others] = found([...bare, ...pods.flat()])
    expect(others).toEqual([])
    expect(finding).toMatchObject({
      object: 'InferenceService team/iris',
      message:
        'Pod team/iris-predictor-0 has no sidecar, and no NetworkPolicy restricts its callers (and 3 more)',
    })
  })

  it('puts critical findings first', () => {
    const slow = changed(IN_ISTIO, 'Deployment kserve-authz', spec({ replicas: 1 }))
    const codes = codesIn(without(slow, 'AuthorizationPolicy kserve-authz-predictor'))
    expect(codes.map((code) => FINDINGS[code].severity)).toEqual(['critical', 'warning'])
  })
})
