import { known, rejected } from '../../../src/access/authentication.ts'
import type { Caller, NamedCaller } from '../../../src/access/caller.ts'
import type { AuthenticateToken } from '../../../src/access/identify.ts'
import type { AccessRequest } from '../../../src/access/request.ts'
import { aCaller, anApiKey } from '../../../testing/builders.ts'
import { INSTALLATION, type Who } from './interpreter.ts'

/** How a request presents a caller. */
export type Show = Pick<AccessRequest, 'source'> & {
  readonly headers?: Readonly<Record<string, string>>
}

const NO_PEER = { address: undefined, port: undefined, principal: undefined }
const peer = (principal: string): Show => ({
  source: { ...NO_PEER, principal: `spiffe://${principal}` },
})
const shown = (token: string, { source }: Show = { source: NO_PEER }): Show => ({
  source,
  headers: { authorization: `Bearer ${token}` },
})

/** The last one is in another namespace. */
export const KEYS = [
  anApiKey({ key: 'plain-key-0123456789', name: 'plain', user: 'bob' }),
  anApiKey({
    key: 'gold-key-0123456789',
    name: 'gold',
    user: 'ada',
    groups: ['gold'],
    labels: new Map([['tier', 'gold']]),
  }),
  anApiKey({ key: 'scope-key-0123456789', name: 'scope', services: [] }),
  anApiKey({ key: 'other-key-0123456789', name: 'far', namespace: 'other' }),
]

const account = (namespace: string): Caller =>
  aCaller({ user: `system:serviceaccount:${namespace}:reader`, reference: `${namespace}/reader` })
const jwt = (
  provider: string,
  claims: Readonly<Record<string, unknown>>,
  given: Partial<NamedCaller> = {},
): Caller =>
  aCaller({
    kind: 'jwt',
    user: 'ada',
    groups: [],
    ...given,
    inRbac: provider === 'dex',
    provider,
    claims,
  })

const ADA = { sub: 'ada', tenant: 'acme', realm: { roles: ['admin', 7] }, aud: ['api', 'other'] }
const DOTTED = { sub: 'eve', 'realm.roles': 'acme', realm: { roles: 'admin' }, aud: 'pipelines' }
const ODD = { sub: 'ada', tenant: null, realm: 'x', a: { b: true }, scope: 'acme admin' }
const LACKING = {
  sub: 'eve',
  aud: INSTALLATION,
  tenant: ['x', {}],
  scope: 'admin',
  _claim_names: { 'a.b': 'src1' },
}

const TOKENS: Readonly<Record<string, { caller: Caller; audiences: readonly string[] }>> = {
  reader: { caller: account('team'), audiences: ['api', 'pipelines'] },
  foreigner: { caller: account('other'), audiences: ['pipelines'] },
  ada: { caller: jwt('keycloak', ADA), audiences: [] },
  odd: { caller: jwt('keycloak', ODD, { groups: ['gold'], moreGroups: true }), audiences: [] },
  lacking: { caller: jwt('dex', LACKING, { moreGroups: true }), audiences: [] },
  dotted: { caller: jwt('dex', DOTTED), audiences: [] },
}

export const authenticateToken: AuthenticateToken = ({ value }, _digest, _asker, audiences) => {
  const token = TOKENS[value]
  if (token === undefined) return undefined
  if (token.caller.kind === 'jwt') return known(token.caller)
  const good = (audiences ?? INSTALLATION).some((audience) => token.audiences.includes(audience))
  return good ? known(token.caller) : rejected('wrong-audience')
}

const who = (token: string): Who => {
  const { caller, audiences } = TOKENS[token] ?? { caller: aCaller(), audiences: [] }
  const { user, groups, moreGroups = false, provider, claims, inRbac } = caller
  if (caller.kind === 'jwt') {
    const aud = [claims?.aud ?? []].flat().filter((one) => typeof one === 'string')
    return {
      kind: 'jwt',
      ...(user !== undefined && { user }),
      groups,
      moreGroups,
      audiences: aud,
      inRbac,
      ...(provider && { provider }),
      ...(claims && { claims }),
    }
  }
  return { kind: 'kubernetes', ...(user !== undefined && { user }), groups, audiences, inRbac }
}

const TRANSFORMER = 'cluster.local/ns/team/sa/iris-sa'
const NOBODY: Who = { kind: 'nobody' }
const mesh = (principal: string): Who => ({ kind: 'mesh', principal })

/** The same callers in the terms of requests and of the interpreter. */
export const CALLERS: readonly [readonly [Show, Who], ...(readonly [Show, Who])[]] = [
  [{ source: NO_PEER }, NOBODY],
  [peer('cluster.local/ns/a/sa/x'), mesh('cluster.local/ns/a/sa/x')],
  [peer('cluster.local/ns/b/sa/x'), mesh('cluster.local/ns/b/sa/x')],
  [peer('other.domain/ns/a/sa/x'), NOBODY],
  [peer('cluster.local/ns/istio-system/sa/gateway'), NOBODY],
  [shown('reader'), who('reader')],
  [shown('foreigner', peer('cluster.local/ns/a/sa/x')), who('foreigner')],
  [shown('ada'), who('ada')],
  [shown('dotted'), who('dotted')],
  [shown('odd'), who('odd')],
  [shown('lacking', peer('cluster.local/ns/b/sa/x')), who('lacking')],
  ...Array.from({ length: 16 }, () => [shown('lacking'), who('lacking')] as const),
  [shown('plain-key-0123456789'), { kind: 'api-key', user: 'bob', labels: {} }],
  [
    shown('gold-key-0123456789'),
    { kind: 'api-key', user: 'ada', groups: ['gold'], labels: { tier: 'gold' } },
  ],
  [
    shown('scope-key-0123456789'),
    { kind: 'api-key', user: 'apikey:team/iris-key', labels: {}, opens: false },
  ],
  [shown('other-key-0123456789'), { kind: 'unknown' }],
  [
    { source: { ...NO_PEER, address: '10.0.0.2', principal: `spiffe://${TRANSFORMER}` } },
    { kind: 'mesh', principal: TRANSFORMER, component: true },
  ],
]
