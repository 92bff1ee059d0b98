import { beforeAll, describe, expect, it } from 'vitest'
import { createDirectory } from '../../src/access/directory.ts'
import { createCheckObserver } from '../../src/app/observe-checks.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import { bearer, type Installation, modelBehind } from '../../testing/identity-engine.ts'
import type { AuthorizationServer } from '../../testing/issuers/authorization-server.ts'
import {
  anAuthorizationServer,
  goodAnswer,
  ISSUER,
  SECRET,
  secretFile,
  TOKEN,
} from './introspecting.ts'

const KEY = 'demo-key-of-team-not-a-secret'
const API_KEY = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: {
    name: 'key',
    namespace: 'team',
    labels: { 'kserve-authz.io/credential': 'api-key' },
  },
  stringData: { api_key: KEY },
}

let server: AuthorizationServer
let clientSecretFile = ''

beforeAll(async () => {
  server = await anAuthorizationServer({ [TOKEN]: goodAnswer({ groups: ['ml'] }) })
  clientSecretFile = await secretFile()
})

const provider = (given: object = {}, introspection: object = {}) => ({
  name: 'opaque',
  issuer: ISSUER,
  audiences: ['models'],
  introspection: {
    url: server.url,
    clientId: 'kserve-authz',
    clientSecretFile,
    ...introspection,
  },
  ...given,
})

const behind = (given: object = {}, rest: Omit<Installation, 'config'> = {}) =>
  modelBehind({ config: { jwt: { providers: [provider(given)] } }, ...rest })

const RBAC = {
  username: { claim: 'sub', prefix: 'as:' },
  groups: { claim: 'groups', prefix: 'as:' },
}

describe('a token that is introspected', () => {
  it('is judged by the rules of policies, as a JWT of its provider', async () => {
    const policy = {
      authentication: { jwt: [{ provider: 'opaque', audiences: ['models'] }] },
      allow: [{ from: [{ claims: { scope: ['predict'], client_id: ['notebooks'] } }] }],
    }
    const { ask } = await behind({}, { policy })
    const { answer, set, steps } = await ask(bearer(TOKEN))
    expect([answer, steps]).toEqual(['allow', expect.anything()])
    expect(set['x-auth-request-user']).toBe('ada')
  })

  it('is a user and groups of RBAC if configured', async () => {
    const subjects = [{ kind: 'Group', name: 'as:ml' }] as const
    const { ask } = await behind({ rbac: RBAC }, { subjects })
    const { answer, set } = await ask(bearer(TOKEN))
    expect(answer).toBe('allow')
    expect(set['x-auth-request-groups']).toBe('as:ml')
    expect((await (await behind({ rbac: RBAC })).ask(bearer(TOKEN))).answer).toBe('not-permitted')
  })

  it('stands in the headers and cookies of its provider', async () => {
    const from = { headers: [{ name: 'x-api-key' }], cookies: ['session'] }
    const { ask } = await behind({ from }, { policy: { allow: [{}] } })
    expect((await ask({ 'x-api-key': TOKEN })).answer).toBe('allow')
    expect((await ask({ cookie: `a=b; session=${TOKEN}` })).answer).toBe('allow')
    expect((await ask(bearer(TOKEN))).answer).toBe('unknown-issuer')
  })

  it('does not stand before an API key, which is asked about nowhere', async () => {
    const { ask } = await behind({}, { policy: { allow: [{}] }, objects: [API_KEY] })
    const before = server.asked.length
    expect((await ask(bearer(KEY))).answer).toBe('allow')
    expect(server.asked).toHaveLength(before)
  })

  it('is told of in the log, in check and in the metrics by its cause alone', async () => {
    const faults: string[] = []
    const { ask, check, engine } = await behind({}, { faults, policy: { allow: [{}] } })
    const { answer, phrase, steps } = await ask(bearer('marker-unknown'))
    expect([answer, phrase]).toEqual(['invalid-token', 'token is not valid'])
    expect(steps.join('\n')).toContain(
      `the token is refused: inactive: its issuer says that it is not active, provider opaque, issuer ${ISSUER}`,
    )
    const lines: string[] = []
    const metrics = createMetrics({
      perService: false,
      version: '0',
      directory: createDirectory(),
      resources: () => [],
      caches: engine.caches,
    })
    const { observe } = createCheckObserver(
      metrics,
      { log: (logged) => lines.push(JSON.stringify(logged)) },
      () => {},
    )
    observe(await check(bearer('marker-unknown')))
    observe(await check(bearer(TOKEN)))
    server.fail((response) => response.writeHead(401).end(SECRET))
    observe(await check(bearer('marker-other')))
    server.fail(undefined)
    const text = await metrics.text()
    expect(text).toContain(
      'kserve_authz_token_refusals_total{provider="opaque",cause="inactive"} 1',
    )
    expect(text).toContain('kserve_authz_cache_entries{cache="introspection"} 2')
    expect(faults).toEqual([
      'problem with the introspection of identity provider opaque: the issuer refuses the client credentials with status 401',
    ])
    expect(lines.map((line) => Object(JSON.parse(line)).reason)).toEqual([
      'invalid-token',
      '',
      'authentication-unavailable',
    ])
    expect([...lines, ...faults, ...steps, text].join('\n')).not.toMatch(/marker/)
  })

  it('costs a check 503 while nobody says whose it is', async () => {
    const { ask } = await behind({}, { policy: { allow: [{}] } })
    server.fail((response) => response.destroy())
    expect((await ask(bearer('another'))).answer).toBe('authentication-unavailable')
    server.fail(undefined)
    expect((await ask(bearer(TOKEN))).answer).toBe('allow')
  })
})
