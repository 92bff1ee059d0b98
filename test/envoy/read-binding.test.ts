import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Trust } from '../../src/access/gateway-route.ts'
import type { CheckRequest } from '../../src/envoy/messages.ts'
import { decodeCheckRequest, encodeForeignCheckRequest } from '../../src/envoy/protocol.ts'
import { readCheckRequest } from '../../src/envoy/read-request.ts'

const http = { method: 'GET', path: '/', host: 'iris.example.com', headers: {} }

/** As it arrives: through the codec. */
function bindingOf(
  attributes: object,
  trust: Trust = { contextExtensions: 'used' },
  position: 'gateway' | 'workload' = 'gateway',
) {
  const bytes = encodeForeignCheckRequest({ attributes: { request: { http }, ...attributes } })
  if (bytes === undefined) throw new Error('it cannot be encoded')
  const { request } = readCheckRequest(decodeCheckRequest(bytes), position, undefined, trust)
  return request?.binding
}

const texts = (fields: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(fields).map(([name, stringValue]) => [name, { stringValue }]))

const resource = (fields: Readonly<Record<string, string>>) => ({
  structValue: { fields: texts(fields) },
})

/** Envoy Gateway's metadata with these resources. */
const metadata = (...values: readonly object[]) => ({
  route_metadata_context: {
    filter_metadata: { 'envoy-gateway': { fields: { resources: { listValue: { values } } } } },
  },
})

const ROUTE = { kind: 'HTTPRoute', namespace: 'team', name: 'iris' }
const USED: Trust = { contextExtensions: 'used' }
const SERVICE = { context_extensions: { service: 'InferenceService/team/iris' } }

describe('the route that a gateway names', () => {
  it("is read from Envoy Gateway's metadata", () => {
    expect(bindingOf(metadata(resource(ROUTE)))).toEqual({
      route: { ...ROUTE, section: undefined },
      service: undefined,
    })
    expect(bindingOf(metadata(resource({ ...ROUTE, sectionName: 'main' })))).toMatchObject({
      route: { section: 'main' },
    })
    expect(bindingOf(metadata(resource({ ...ROUTE, kind: 'GRPCRoute' })))).toMatchObject({
      route: { kind: 'GRPCRoute' },
    })
  })

  it('is read from the context extension `service`', () => {
    expect(bindingOf(SERVICE)).toEqual({
      route: undefined,
      service: { kind: 'InferenceService', namespace: 'team', name: 'iris' },
    })
  })

  it('is both if the gateway gives both', () => {
    expect(bindingOf({ ...metadata(resource(ROUTE)), ...SERVICE })).toMatchObject({
      route: { name: 'iris' },
      service: { name: 'iris' },
    })
  })

  it.each<[title: string, attributes: object]>([
    ['no resource', metadata()],
    ['two resources', metadata(resource(ROUTE), resource(ROUTE))],
    ['another kind', metadata(resource({ ...ROUTE, kind: 'TCPRoute' }))],
    ['no namespace', metadata(resource({ kind: 'HTTPRoute', name: 'iris' }))],
    ['no name', metadata(resource({ ...ROUTE, name: '' }))],
    ['a name that is too long', metadata(resource({ ...ROUTE, name: 'x'.repeat(254) }))],
    ['no object', metadata({ stringValue: 'HTTPRoute/team/iris' })],
    [
      'a section that is not a text',
      metadata({ structValue: { fields: { ...texts(ROUTE), sectionName: { numberValue: 1 } } } }),
    ],
    ['a service of an unknown kind', { context_extensions: { service: 'Pod/team/iris' } }],
    ['a service without namespace', { context_extensions: { service: 'iris' } }],
    ['an empty service', { context_extensions: { service: '' } }],
    ['one valid and one invalid part', { ...metadata(), ...SERVICE }],
  ])('is unreadable with %s', (_title, attributes) => {
    expect(bindingOf(attributes)).toBe('unreadable')
  })

  it.each<[title: string, attributes: object]>([
    ['nothing', {}],
    ['metadata of other filters', { route_metadata_context: { filter_metadata: { other: {} } } }],
    ['other extensions', { context_extensions: { virtual_host: 'InferenceService/team/iris' } }],
    ['an extension with another letter case', { context_extensions: { Service: 'x' } }],
  ])('is absent with %s, and missing if required', (_title, attributes) => {
    expect(bindingOf(attributes)).toBeUndefined()
    expect(bindingOf(attributes, { route: 'required', ...USED })).toBe('missing')
  })

  it.each<Trust>([{}, { route: 'used' }, { contextExtensions: 'ignored' }])(
    'is not read from a context extension if the listener has %j',
    (trust) => {
      expect(bindingOf(SERVICE, trust)).toBeUndefined()
      expect(bindingOf(SERVICE, { ...trust, route: 'required' })).toBe('missing')
      expect(bindingOf({ ...metadata(resource(ROUTE)), ...SERVICE }, trust)).toMatchObject({
        service: undefined,
      })
    },
  )

  it('is not used if the listener ignores it, nor at a workload', () => {
    for (const attributes of [metadata(resource(ROUTE)), SERVICE, metadata()]) {
      expect(bindingOf(attributes, { route: 'ignored', ...USED })).toBeUndefined()
      expect(bindingOf(attributes, { route: 'required' }, 'workload')).toBeUndefined()
    }
  })

  it('cannot come from headers of a client', () => {
    const headers = { service: 'InferenceService/team/iris', 'envoy-gateway': '{"resources":[]}' }
    expect(
      bindingOf({ request: { http: { ...http, headers } } }, { route: 'required', ...USED }),
    ).toBe('missing')
  })

  it('never throws, whatever its form', () => {
    fc.assert(
      fc.property(fc.object({ withNullPrototype: true, maxDepth: 6 }), (struct) => {
        const check = {
          attributes: {
            request: { http },
            route_metadata_context: { filter_metadata: { 'envoy-gateway': struct } },
          },
        } satisfies CheckRequest
        expect(readCheckRequest(check, 'gateway').request?.binding).toBe('unreadable')
      }),
    )
  })
})
