import { describe, expect, it } from 'vitest'
import { deny } from '../../src/access/decision.ts'
import { readConfig } from '../../src/config/read-config.ts'
import { createEncodeMetadata } from '../../src/envoy/metadata.ts'
import { decodeCheckResponse } from '../../src/envoy/protocol.ts'
import { aCaller, aService } from '../../testing/builders.ts'
import { at, entriesAt, listAt, textAt } from '../../testing/json.ts'
import { manifests, meshConfigs } from './manifests.ts'

const forms = meshConfigs()
const [meshConfig] = Object.values(forms)
const providers = listAt(meshConfig, 'extensionProviders')
const names = providers.map((provider) => textAt(provider, 'name'))

it.each(Object.keys(forms))('%s contains the same configuration as all other forms', (form) => {
  expect(forms[form]).toEqual(meshConfig)
  expect(providers.length).toBeGreaterThan(0)
})

describe('an extension provider', () => {
  it.each(names)('%s has a name that Istio accepts', (name) => {
    expect(name).toMatch(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/)
  })

  it.each(names)('%s has a name that is not a prefix of another', (name) => {
    expect(names.filter((other) => other.startsWith(name))).toEqual([name])
  })

  it('exists for each listener of the service, has a short timeout and fails closed', () => {
    const { grpc } = readConfig({ env: {}, flags: {} })
    const authorizers = providers.filter(
      (provider) => at(provider, 'envoyExtAuthzGrpc') !== undefined,
    )
    expect(authorizers).toEqual(
      grpc.listeners.map(({ position, address }) => ({
        name: `kserve-authz-${position}`,
        envoyExtAuthzGrpc: {
          service: 'kserve-authz/kserve-authz.kserve-authz.svc.cluster.local',
          port: Number(address.split(':').at(-1)),
          timeout: '0.5s',
          failOpen: false,
          statusOnError: '503',
        },
      })),
    )
  })
})

describe('the access log', () => {
  const [labels = []] = providers
    .map((provider) => entriesAt(provider, 'envoyFileAccessLog', 'logFormat', 'labels'))
    .filter((entries) => entries.length > 0)
  const operators = labels.map(([, value]) => String(value))

  it("has all metadata of the service's decision", () => {
    const subject = { service: aService(), caller: aCaller() }
    const reply = decodeCheckResponse(createEncodeMetadata()(subject, deny('internal').reason))
    const said = Object.keys(reply.dynamic_metadata?.fields ?? {})
    expect(said).toHaveLength(4)
    expect(operators).toEqual(
      expect.arrayContaining(
        said.map((name) => `%DYNAMIC_METADATA(envoy.filters.http.ext_authz:${name})%`),
      ),
    )
  })

  it('is enabled by each Telemetry', () => {
    const telemetries = manifests().filter(({ kind }) => kind === 'Telemetry')
    expect(telemetries.length).toBeGreaterThan(0)
    for (const { object } of telemetries) {
      const logs = listAt(object, 'spec', 'accessLogging')
      const switched = logs.flatMap((log) => listAt(log, 'providers'))
      expect(switched).toEqual([{ name: 'kserve-authz-access-log' }])
    }
  })

  it("has no field with a client's secret", () => {
    const fromRequest = operators.filter((operator) => operator.startsWith('%REQ'))
    expect(fromRequest).toEqual([
      '%REQ(X-REQUEST-ID)%',
      '%REQ(:METHOD)%',
      '%REQ(:AUTHORITY)%',
      '%REQ_WITHOUT_QUERY(:PATH)%',
    ])
  })
})

describe("of Envoy's metrics", () => {
  const kept = listAt(meshConfig, 'defaultConfig', 'proxyStatsMatcher', 'inclusionRegexps')
    .map(String)
    .map((regexp) => new RegExp(`^${regexp}$`))
  const isKept = (name: string) => kept.some((regexp) => regexp.test(name))
  const cluster = 'cluster.outbound|9001||kserve-authz.kserve-authz.svc.cluster.local'

  it.each([
    'http.inbound_0.0.0.0_8080;.ext_authz.denied',
    'http.outbound_0.0.0.0_8080;.ext_authz.error',
    'http.inbound_0.0.0.0_8080;.rbac.istio_ext_authz_.shadow_denied',
    `${cluster};.upstream_rq_timeout`,
    `${cluster.replace('9001', '9003')};.outlier_detection.ejections_active`,
  ])('%s is kept', (name) => {
    expect(isKept(name)).toBe(true)
  })

  it.each([
    'cluster.outbound|9001||kserve-controller.kserve.svc.cluster.local;.upstream_rq_timeout',
    'http.inbound_0.0.0.0_8080;.downstream_rq_total',
  ])('%s is left to Istio', (name) => {
    expect(isKept(name)).toBe(false)
  })
})
