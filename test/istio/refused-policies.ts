import { load } from 'js-yaml'

const policy = (spec: string, annotations = '{}'): unknown =>
  load(`
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: refused, namespace: istio-system, annotations: ${annotations}}
spec: {selector: {matchLabels: {component: predictor}}, action: CUSTOM, ${spec}}`)

const PROVIDER = 'provider: {name: kserve-authz-workload}'

const rule = (text: string): unknown => policy(`${PROVIDER}, rules: [${text}]`)

/** Policies that Istio's admission refuses: several would silently open every model. */
export const REFUSED_POLICIES: readonly (readonly [title: string, policy: unknown])[] = [
  ['no rules', policy(PROVIDER)],
  ['an empty list of rules', policy(`${PROVIDER}, rules: []`)],
  ['no provider', policy('rules: [{}]')],
  ['a provider without a name', policy('provider: {name: ""}, rules: [{}]')],
  ['dry-run', policy(`${PROVIDER}, rules: [{}]`, '{istio.io/dry-run: "true"}')],
  [
    'selector and targetRefs',
    policy(
      `${PROVIDER}, rules: [{}], targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: a}]`,
    ),
  ],
  ...[
    'principals',
    'notPrincipals',
    'requestPrincipals',
    'notRequestPrincipals',
    'namespaces',
    'notNamespaces',
  ].map((name) => [name, rule(`{from: [{source: {${name}: [a]}}]}`)] as const),
  ...['serviceAccounts', 'notServiceAccounts'].map(
    (name) => [name, rule(`{from: [{source: {${name}: [a/b]}}]}`)] as const,
  ),
  ['a source without parts', rule('{from: [{source: {}}]}')],
  ['an operation without parts', rule('{to: [{operation: {}}]}')],
  ['an empty path', rule('{to: [{operation: {notPaths: [""]}}]}')],
  ['a port that is not a number', rule('{to: [{operation: {notPorts: [http]}}]}')],
  ['a port that is too high', rule('{to: [{operation: {notPorts: ["65536"]}}]}')],
  ...['source.principal', 'source.namespace', 'request.auth.claims[sub]'].map(
    (key) => [`when ${key}`, rule(`{when: [{key: "${key}", values: [a]}]}`)] as const,
  ),
  ['a condition without values', rule('{when: [{key: "request.headers[a]"}]}')],
]
