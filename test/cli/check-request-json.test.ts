import { describe, expect, it } from 'vitest'
import { readCheckRequestJson } from '../../src/cli/check-request-json.ts'

const withHttp = (http: object) => ({ attributes: { request: { http } } })

describe('a CheckRequest in JSON', () => {
  it('may have both spellings of protobuf JSON', () => {
    const headers = [{ key: 'a', rawValue: 'YQ==' }]
    const camel = {
      attributes: {
        destination: { address: { socketAddress: { address: '10.0.0.1', portValue: '80' } } },
        request: { http: { method: 'GET', headerMap: { headers } } },
        contextExtensions: { service: 'a' },
      },
    }
    expect(readCheckRequestJson(camel)).toEqual({
      problems: [],
      message: {
        attributes: {
          destination: { address: { socket_address: { address: '10.0.0.1', port_value: 80 } } },
          request: {
            http: { method: 'GET', header_map: { headers: [{ key: 'a', raw_value: 'YQ==' }] } },
          },
          context_extensions: { service: 'a' },
        },
      },
    })
  })

  it.each([
    [{ attribute: {} }, 'attribute: unknown field of a CheckRequest'],
    [withHttp({ hots: 'a' }), 'attributes.request.http.hots: unknown field of a CheckRequest'],
    [
      withHttp({ header_map: { headers: [{ name: 'a' }] } }),
      'attributes.request.http.header_map.headers[0].name: unknown field of a CheckRequest',
    ],
    [withHttp({ path: 1 }), 'attributes.request.http.path: expected text'],
    [withHttp({ headers: ['a'] }), 'attributes.request.http.headers: expected an object of texts'],
    [{ attributes: [] }, 'attributes: expected an object'],
    ['text', 'the request: expected an object'],
  ])('is refused with the place of each fault: %j', (value, problem) => {
    expect(readCheckRequestJson(value).problems).toEqual([problem])
  })

  it('leaves out what is not read', () => {
    const tls = { attributes: { tls_session: { sni: 'a' }, metadataContext: { any: [1] } } }
    expect(readCheckRequestJson(tls)).toEqual({ message: { attributes: {} }, problems: [] })
  })

  it('reads metadata as plain JSON', () => {
    const filterMetadata = { 'envoy-gateway': { resources: [{ kind: 'HTTPRoute', name: 'r' }] } }
    const { message } = readCheckRequestJson({
      attributes: { routeMetadataContext: { filterMetadata } },
    })
    const route = { kind: { stringValue: 'HTTPRoute' }, name: { stringValue: 'r' } }
    expect(message).toEqual({
      attributes: {
        route_metadata_context: {
          filter_metadata: {
            'envoy-gateway': {
              fields: {
                resources: { listValue: { values: [{ structValue: { fields: route } }] } },
              },
            },
          },
        },
      },
    })
  })
})
