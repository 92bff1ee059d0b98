import { describe, expect, it } from 'vitest'
import { known } from '../../src/access/authentication.ts'
import type { RoutingGroup, Service } from '../../src/access/service.ts'
import {
  aBackend,
  aCaller,
  aGatewayRoute,
  aMatch,
  anAuthorize,
  anLlm,
  aRequest,
  aRule,
  BOUND,
} from '../../testing/builders.ts'

const ROUTED: RoutingGroup = { name: 'canary', routed: true }

function member(name: string, given: Partial<Omit<Service, 'routes' | 'kind'>> = {}): Service {
  const service = anLlm({ namespace: 'team', name, model: 'shared', group: ROUTED, ...given })
  const host = `${name}-kserve-workload-svc.team`
  const routes = [...service.routes, { host, pathPrefix: '', basis: 'unrouted-name' as const }]
  return { ...service, routes }
}

/** The route that KServe writes for the member blue. */
const ROUTE = aGatewayRoute({
  owner: { kind: 'LLMInferenceService', namespace: 'team', name: 'blue' },
  rules: [
    aRule(
      [aBackend('blue-kserve-workload-svc')],
      aMatch({ path: { type: 'prefix', value: '/team/blue/v1' }, cut: '/team/blue' }),
    ),
    aRule(
      ['blue', 'green'].map((name) => aBackend(`${name}-kserve-workload-svc`)),
      aMatch({ path: { type: 'prefix', value: '/publishers' } }),
    ),
  ],
})

async function answerTo(
  path: string,
  permitted: readonly string[],
  services: readonly Service[] = [member('blue'), member('green')],
) {
  const authorize = anAuthorize({
    services,
    routes: [ROUTE],
    tokens: new Map([['a-token', known(aCaller())]]),
    permits: (_caller, { name }) => (permitted.includes(name) ? 'yes' : 'no'),
  })
  const headers = { authorization: 'Bearer a-token' }
  const { decision } = await authorize(
    aRequest({ host: 'iris.example.com', path, headers, binding: BOUND }),
  )
  return decision.outcome === 'deny' ? decision.reason : 'allow'
}

describe('a bound route of a routing group', () => {
  const shared = '/publishers/team/models/shared/v1/models'

  it('needs one permission if it leads to all members', async () => {
    expect(await answerTo(shared, ['blue'])).toBe('allow')
    expect(await answerTo(shared, ['green'])).toBe('allow')
    expect(await answerTo(shared, [])).toBe('not-permitted')
  })

  it('needs the permission of the member that its path names', async () => {
    expect(await answerTo('/team/blue/v1/models', ['blue'])).toBe('allow')
    expect(await answerTo('/team/blue/v1/models', ['green'])).toBe('not-permitted')
  })

  it('needs a separate permission for a member with another model', async () => {
    const services = [member('blue'), member('green', { models: ['other'] })]
    expect(await answerTo(shared, ['blue'], services)).toBe('not-permitted')
    expect(await answerTo(shared, ['blue', 'green'], services)).toBe('allow')
  })
})
