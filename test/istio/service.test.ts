import { describe, expect, it } from 'vitest'
import { readConfig } from '../../src/config/read-config.ts'
import { at, entriesAt, listAt, textAt } from '../../testing/json.ts'
import { manifests, meshConfigs } from './manifests.ts'

const ofService = (kind: string): unknown =>
  manifests().find((each) => each.file.startsWith('service/') && each.kind === kind)?.object

const portOf = (address: string): string => address.split(':').at(-1) ?? ''
const { grpc, http } = readConfig({ env: {}, flags: {} })
const grpcPorts = grpc.listeners.map(({ address }) => portOf(address))
const httpPort = portOf(http.address)

const POD = { 'app.kubernetes.io/name': 'kserve-authz' }

describe('the allowed callers of the service', () => {
  const policy = ofService('AuthorizationPolicy')
  const rules = listAt(policy, 'spec', 'rules').map((rule) => ({
    sources: listAt(rule, 'from').map((from) => entriesAt(from, 'source')),
    operations: listAt(rule, 'to').map((to) => at(to, 'operation')),
  }))
  const portsOf = ({ operations }: (typeof rules)[number]) =>
    operations.flatMap((operation) => listAt(operation, 'ports'))

  it('are listed for each of its ports', () => {
    expect(at(policy, 'spec', 'selector')).toEqual({ matchLabels: POD })
    expect(textAt(policy, 'spec', 'action')).toBe('ALLOW')
    expect(rules.flatMap(portsOf)).toEqual([...grpcPorts, httpPort])
  })

  it('are named on the ports for checks', () => {
    for (const rule of rules.filter((each) => portsOf(each).join() !== httpPort)) {
      const named = rule.sources.flatMap((parts) => parts.flatMap(([, values]) => listAt(values)))
      expect(named.length).toBeGreaterThan(0)
      expect(named.filter((name) => typeof name !== 'string' || name.includes('*'))).toEqual([])
    }
  })

  it('include everybody for probes and metrics, and nothing else', () => {
    const open = rules.filter(({ sources }) => sources.length === 0)
    expect(open.map(({ operations }) => operations)).toEqual([
      [{ ports: [httpPort], methods: ['GET'], paths: ['/livez', '/readyz', '/metrics'] }],
    ])
  })

  it('use mutual TLS, except for probes and metrics', () => {
    expect(at(ofService('PeerAuthentication'), 'spec')).toEqual({
      selector: { matchLabels: POD },
      mtls: { mode: 'STRICT' },
      portLevelMtls: { [httpPort]: { mode: 'PERMISSIVE' } },
    })
  })
})

describe('the destination rule of the service', () => {
  const rule = ofService('DestinationRule')
  const [provider] = listAt(Object.values(meshConfigs())[0], 'extensionProviders')
  const seconds = (text: string) => Number(/^([\d.]+)s$/.exec(text)?.[1])

  it('has the host of the providers', () => {
    expect(textAt(provider, 'envoyExtAuthzGrpc', 'service')).toBe(
      `${textAt(rule, 'metadata', 'namespace')}/${textAt(rule, 'spec', 'host')}`,
    )
    expect(at(rule, 'spec', 'trafficPolicy', 'tls')).toEqual({ mode: 'ISTIO_MUTUAL' })
  })

  it('is visible in every namespace', () => {
    expect(at(rule, 'spec', 'exportTo')).toEqual(['*'])
  })

  it('allows the number of concurrent checks on the page, and ejects replicas that hang', () => {
    const policy = at(rule, 'spec', 'trafficPolicy')
    expect(at(policy, 'connectionPool', 'http', 'http2MaxRequests')).toBe(1_024)
    const { consecutiveGatewayErrors, maxEjectionPercent } = Object(at(policy, 'outlierDetection'))
    expect(consecutiveGatewayErrors).toBeGreaterThan(0)
    expect(maxEjectionPercent).toBeLessThan(100)
  })

  it('has a connect timeout below the timeout of a check', () => {
    const pool = at(rule, 'spec', 'trafficPolicy', 'connectionPool')
    expect(seconds(textAt(pool, 'tcp', 'connectTimeout'))).toBeLessThan(
      seconds(textAt(provider, 'envoyExtAuthzGrpc', 'timeout')),
    )
  })
})
