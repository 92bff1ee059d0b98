import type { OidcIssuer } from './oidc-issuer.ts'

/** The configuration of an identity provider whose subjects are users `issuer:<sub>` of Kubernetes. */
export const providerOf = (
  { issuer, jwksUri }: Pick<OidcIssuer, 'issuer' | 'jwksUri'>,
  more: object = {},
) => ({
  name: 'issuer',
  issuer,
  jwksUri,
  audiences: ['models'],
  rbac: { username: { claim: 'sub', prefix: 'issuer:' } },
  ...more,
})

/** A manifest that permits a user to call every service of `TEAM`. */
export const bindingOf = (user: string): string =>
  JSON.stringify({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: 'user-reads-services', namespace: 'team' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'read-services' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
  })
