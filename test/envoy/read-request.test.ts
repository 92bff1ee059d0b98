import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CheckRequest, HttpRequest } from '../../src/envoy/messages.ts'
import { decodeCheckRequest, encodeCheckRequest, UNREADABLE } from '../../src/envoy/protocol.ts'
import { readCheckRequest } from '../../src/envoy/read-request.ts'
import { aCheck } from '../../testing/envoy/check-client.ts'

/** As it arrives: through the codec, not the object as written. */
const read = (check: CheckRequest) =>
  readCheckRequest(decodeCheckRequest(encodeCheckRequest(check)), 'gateway')

const requestOf = (http: HttpRequest) => read(aCheck(http)).request

const raw = (...headers: readonly (readonly [key: string, value: string | Buffer])[]) => ({
  header_map: {
    headers: headers.map(([key, value]) => ({ key, raw_value: Buffer.from(value) })),
  },
})

const address = (text: string, port = 8080) => ({
  address: { socket_address: { address: text, port_value: port } },
})

describe('a check', () => {
  it('is read into an AccessRequest', () => {
    const check = aCheck(
      {
        method: 'GET',
        path: '/v1/models?a=b',
        host: 'IRIS.example.com.:8080',
        headers: { 'x-request-id': 'id-1', authorization: 'Bearer abc' },
      },
      {
        source: { ...address('10.0.0.2', 4711), principal: 'spiffe://cluster.local/ns/a/sa/b' },
        destination: address('::ffff:10.0.0.1'),
      },
    )
    const source = {
      address: '10.0.0.2',
      port: 4711,
      principal: 'spiffe://cluster.local/ns/a/sa/b',
    }
    const destination = { address: '10.0.0.1', port: 8080, principal: undefined }
    expect(read(check)).toEqual({
      position: 'gateway',
      request: {
        position: 'gateway',
        method: 'GET',
        path: '/v1/models?a=b',
        host: 'iris.example.com',
        absoluteHost: true,
        hostPort: 8080,
        headers: new Map([
          ['x-request-id', 'id-1'],
          ['authorization', 'Bearer abc'],
        ]),
        source,
        destination,
      },
      method: 'GET',
      path: '/v1/models?a=b',
      host: 'IRIS.example.com.:8080',
      source,
      destination,
      requestId: 'id-1',
      grpc: false,
      underscored: [],
    })
  })

  it('has the position of the listener, whatever it contains', () => {
    for (const position of ['workload', 'gateway'] as const) {
      const check = aCheck({ headers: { position: 'workload', ':position': 'workload' } })
      expect(readCheckRequest(check, position).request?.position).toBe(position)
    }
  })

  it.each<[title: string, CheckRequest]>([
    ['nothing', {}],
    ['empty attributes', { attributes: {} }],
    ['no request', { attributes: { source: address('10.0.0.1') } }],
    ['a request that is not HTTP', { attributes: { request: {} } }],
    ['an empty HTTP request', { attributes: { request: { http: {} } } }],
  ])('of %s is unreadable', (_title, check) => {
    expect(read(check)).toMatchObject({ request: undefined, method: '', path: '', requestId: '' })
  })

  it('whose bytes do not decode is unreadable', () => {
    expect(readCheckRequest(UNREADABLE, 'gateway')).toMatchObject({ request: undefined })
    expect(readCheckRequest(UNREADABLE, 'workload')).toMatchObject({ position: 'workload' })
  })

  it('that is unreadable still has fields for the log', () => {
    const headers = { 'x-request-id': 'id-1', 'content-type': 'application/grpc' }
    expect(read(aCheck({ host: 'a,b', path: '/x', headers }))).toMatchObject({
      request: undefined,
      method: 'POST',
      path: '/x',
      requestId: 'id-1',
      grpc: true,
    })
  })
})

describe('a path is not supported', () => {
  it.each([
    ['that is empty', ''],
    ['that is a star', '*'],
    ['that is longer than the limit', `/${'a'.repeat(65_536)}`],
    ['without a slash', 'healthz'],
    ['in absolute form', 'http://iris.example.com/healthz'],
    ['that is an authority', 'iris.example.com:443'],
    ['that starts with a backslash', '\\healthz'],
    ['that is a query', '?a'],
    ['with a space', '/a b'],
    ['with a tab', '/a\tb'],
    ['with a NUL', '/a\0'],
    ['with a line feed', '/a\n'],
    ['with CR LF', '/a\r\nx: y'],
    ['with DEL', '/a\x7f'],
    ['that is not ASCII', '/caf\u00e9'],
    ['with a query that is not ASCII', '/a?\u00e9'],
    ['with a query that has a NUL', '/a?\0'],
  ])('%s', (_title, path) => {
    expect(requestOf({ path })).toBeUndefined()
  })

  it('that is absent', () => {
    const http = { method: 'CONNECT', host: 'iris.example.com', headers: {} }
    expect(read({ attributes: { request: { http } } }).request).toBeUndefined()
  })

  it('but is passed on unchanged if it is only not canonical', () => {
    for (const path of ['//x', '/a/../b', '/%2F', '/a;b', '/a#b', '/a\\b', '/a?b?c', '/?']) {
      expect(requestOf({ path })?.path).toBe(path)
    }
  })
})

describe('a host is not supported', () => {
  it.each([
    '',
    'a,b',
    'a@b',
    'a/abc?x=',
    'a b',
    'a\0',
    'a\n',
    'caf\u00e9',
    '*',
    ':80',
    'a:99999',
    '::1',
  ])('like %j', (host) => {
    expect(requestOf({ host })).toBeUndefined()
  })

  it('that is absent', () => {
    const http = { method: 'GET', path: '/', headers: {} }
    expect(read({ attributes: { request: { http } } }).request).toBeUndefined()
  })
})

describe('a method is not supported', () => {
  it.each(['', 'GET ', 'GE T', 'GET\n', 'GET\0', 'GÉT', 'GET/', `X${'X'.repeat(64)}`])(
    'like %j',
    (method) => {
      expect(requestOf({ method })).toBeUndefined()
    },
  )

  it('but is read verbatim if it is a token', () => {
    for (const method of ['GET', 'get', 'QUERY', 'M-SEARCH']) {
      expect(requestOf({ method })?.method).toBe(method)
    }
  })
})

describe('a Connection header', () => {
  const withConnection = (...values: readonly string[]) => [
    requestOf({ path: '/', host: 'a', method: 'GET', headers: { connection: values.join() } }),
    requestOf({
      path: '/',
      host: 'a',
      method: 'GET',
      ...raw(...values.map((value) => ['Connection', value] as const)),
    }),
  ]

  it.each([
    ['Upgrade'],
    ['keep-alive, Upgrade'],
    ['Upgrade', 'HTTP2-Settings'],
    ['close,\tTE'],
    [''],
    ['upgrade,,'],
  ])('may contain %j', (...values) => {
    for (const request of withConnection(...values)) expect(request).toBeDefined()
  })

  it.each([
    ['Upgrade, x-auth-request-user'],
    ['Upgrade', 'X-AUTH-REQUEST-GROUPS'],
    ['x_auth_request_user,upgrade'],
    ['upgrade, authorization'],
    ['upgrade, cookie'],
    ['upgrade, host'],
    ['upgrade, x-anything'],
    ['upgrade;x-auth-request-user'],
    ['upgrade x-auth-request-user'],
    ['"upgrade"'],
    ['constructor'],
  ])('is not supported if it names anything else: %j', (...values) => {
    expect(withConnection(...values)).toEqual([undefined, undefined])
  })
})

describe('headers', () => {
  it('are compared without case', () => {
    const headers = requestOf({ headers: { 'X-API-Key': 'abc' } })?.headers
    expect(headers?.get('x-api-key')).toBe('abc')
  })

  it.each<[title: string, HttpRequest]>([
    ['in headers, in two letter cases', { headers: { authorization: 'a', authorizatioN: 'b' } }],
    ['in header_map', raw(['authorization', 'a'], ['authorization', 'b'])],
    ['in header_map, in two letter cases', raw(['authorization', 'a'], ['Authorization', 'b'])],
    ['in header_map, joined already', raw(['authorization', 'a,b'])],
    ['in headers, joined already', { headers: { authorization: 'a,b' } }],
  ])('that are repeated %s, are joined by a comma', (_title, http) => {
    const headers = requestOf(http)?.headers
    expect(headers?.get('authorization')).toBe('a,b')
  })

  it('that are repeated with empty values are joined too', () => {
    const headers = requestOf(raw(['authorization', ''], ['authorization', 'Bearer a']))?.headers
    expect(headers?.get('authorization')).toBe(',Bearer a')
  })

  it('are read from header_map only, if it has any', () => {
    const http = { headers: { authorization: 'a' }, ...raw(['x-api-key', 'b']) }
    expect(requestOf(http)?.headers).toEqual(new Map([['x-api-key', 'b']]))
  })

  it('are read from value if there are no raw bytes', () => {
    const headers = [{ key: 'x-api-key', value: 'abc' }]
    expect(requestOf({ header_map: { headers } })?.headers.get('x-api-key')).toBe('abc')
  })

  it('keep every byte, so that non-ASCII text cannot pass for something else', () => {
    const bytes = Buffer.from([0x61, 0xff, 0x00, 0xc3, 0xa9])
    const value = requestOf(raw(['x-api-key', bytes]))?.headers.get('x-api-key') ?? ''
    expect(Buffer.from(value, 'latin1')).toEqual(bytes)
  })

  it('do not contain pseudo-headers', () => {
    const { headers } = requestOf(raw([':path', '/other'], [':authority', 'b'], ['a', 'b'])) ?? {}
    expect(headers).toEqual(new Map([['a', 'b']]))
  })

  it('with pseudo-headers replace fields that a client of gRFC A92 leaves out', () => {
    const http = raw([':method', 'POST'], [':path', '/a/B'], [':authority', 'iris.example.com:80'])
    expect(read({ attributes: { request: { http } } }).request).toMatchObject({
      method: 'POST',
      path: '/a/B',
      host: 'iris.example.com',
    })
  })

  it('with repeated pseudo-headers give no host and no method', () => {
    const twice = raw([':method', 'GET'], [':path', '/'], [':authority', 'a'], [':authority', 'b'])
    expect(read({ attributes: { request: { http: twice } } }).request).toBeUndefined()
  })

  it('with pseudo-headers do not override the fields', () => {
    const http = raw([':method', 'GET'], [':path', '/healthz'], [':authority', 'open.example.com'])
    expect(requestOf(http)).toMatchObject({
      method: 'POST',
      path: '/v1/models/iris:predict',
      host: 'iris.example.com',
    })
  })

  it.each(['constructor', 'tostring', 'hasownproperty', 'valueof'])(
    'named %s are ordinary headers, and absent if not sent',
    (name) => {
      const value = requestOf({ headers: { [name]: 'a' } })?.headers.get(name)
      expect(value).toBe('a')
      expect(requestOf({})?.headers.get(name)).toBeUndefined()
    },
  )

  it('named __proto__ change nothing', () => {
    const headers = Object.fromEntries([
      ['__proto__', 'x'],
      ['a', 'b'],
    ])
    for (const http of [{ headers }, raw(['__proto__', 'x'], ['a', 'b'])]) {
      const request = requestOf(http)
      expect(request?.headers.get('a')).toBe('b')
      expect(request?.headers.get('authorization')).toBeUndefined()
    }
    expect(Object.getPrototypeOf({})).toBe(Object.prototype)
  })

  it('with underscores are reported, in lower case and once', () => {
    const names = [
      'x_auth_request_user',
      'X_Auth_Request_User',
      'x-auth_request-groups',
      'x-a',
      '_',
    ]
    const http = raw(...names.map((name) => [name, 'a'] as const))
    expect(read(aCheck(http)).underscored).toEqual([
      'x_auth_request_user',
      'x-auth_request-groups',
      '_',
    ])
  })

  it.each([
    ['application/grpc', true],
    ['application/grpc+proto', true],
    ['application/grpc+json', true],
    // Envoy answers these as it answers any HTTP request.
    ['application/grpc-web', false],
    ['application/grpc-web-text', false],
    ['application/json', false],
    ['text/application/grpc', false],
    ['', false],
  ])('show by content-type %j whether the client uses gRPC: %s', (type, grpc) => {
    expect(read(aCheck({ headers: { 'content-type': type } })).grpc).toBe(grpc)
  })
})

describe('a peer', () => {
  const peerOf = (peer: NonNullable<CheckRequest['attributes']>['source']) =>
    read(aCheck({}, peer === undefined ? {} : { source: peer })).request?.source

  it.each([
    ['no peer', undefined],
    ['an empty one', {}],
    ['no address', { address: {} }],
    ['an empty address', { address: { socket_address: {} } }],
    ['an empty principal', { principal: '' }],
  ])('of %s has no address and no identity', (_title, peer) => {
    expect(peerOf(peer)).toMatchObject({ address: undefined, principal: undefined })
  })

  it.each(['', 'localhost', '/var/run/x.sock', '10.0.0.1,10.0.0.2', '10.0.0.01'])(
    'at %j has no address',
    (text) => {
      expect(peerOf(address(text))?.address).toBeUndefined()
    },
  )

  it('has the port of its socket', () => {
    expect(peerOf(address('10.0.0.1', 9090))).toMatchObject({ address: '10.0.0.1', port: 9090 })
  })
})

describe('the two forms of headers', () => {
  const name = fc.oneof(
    fc.constantFrom(
      'authorization',
      'x-api-key',
      'cookie',
      'x_auth_request_user',
      'x-request-id',
      'content-type',
      'constructor',
      'tostring',
      ':path',
      ':authority',
      ':method',
      '1',
    ),
    fc.stringMatching(/^[a-z0-9_-]{1,12}$/),
  )
  const text = fc.stringMatching(/^[\x20-\x7e]{0,12}$/)
  const fields = fc.uniqueArray(fc.tuple(name, fc.array(text, { minLength: 1, maxLength: 3 })), {
    selector: ([key]) => key,
    maxLength: 6,
  })

  it('are read alike', () => {
    fc.assert(
      fc.property(fields, (given) => {
        const merged = Object.fromEntries(given.map(([key, values]) => [key, values.join(',')]))
        const lines = given.flatMap(([key, values]) => values.map((value) => [key, value] as const))
        expect(read(aCheck({ headers: merged }))).toEqual(
          lines.length === 0 ? read(aCheck()) : read(aCheck(raw(...lines))),
        )
      }),
      { numRuns: 500 },
    )
  })

  it('leave out a name that is a prefix of another', () => {
    const request = requestOf({ headers: { authorization_: 'a', 'x-api-key-2': 'b' } })
    expect(request?.headers.has('authorization')).toBe(false)
    expect(request?.headers.has('x-api-key')).toBe(false)
  })
})
