import { writeFile } from 'node:fs/promises'
import { createServer, type RequestListener, request, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { connect } from 'node:net'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FetchRoute } from '../../src/tokens/exchange.ts'
import { type JwksLocation, jwksFetcher } from '../../src/tokens/fetch-jwks.ts'
import { createAuthorities } from '../../testing/authorities.ts'

const HOST = 'idp.example.test'
const OPEN = new AbortController().signal
const KEYS = { keys: [] }

type Authority = Awaited<ReturnType<Awaited<ReturnType<typeof createAuthorities>>['create']>>

const stops: (() => unknown)[] = []
afterAll(() => Promise.all(stops.map((stop) => stop())))

async function listening<T extends Server>(server: T): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stops.push(() => server.close())
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** The issuer's discovery document at any host name. */
const answering: (scheme: string) => RequestListener = (scheme) => (asked, response) => {
  const issuer = `${scheme}://${asked.headers.host}`
  const found = asked.url === '/keys' ? KEYS : { issuer, jwks_uri: `${issuer}/keys` }
  response.end(JSON.stringify(found))
}

let folder: Awaited<ReturnType<typeof createAuthorities>>
let own: Authority
let other: Authority
let secure = 0
let plain = 0
let proxy = 0
/** The requests that the proxy received. */
let proxied: string[] = []

beforeAll(async () => {
  folder = await createAuthorities()
  stops.push(folder.remove)
  own = await folder.create('own', HOST)
  other = await folder.create('other', HOST)
  secure = await listening(createSecureServer(own, answering('https')))
  plain = await listening(createServer(answering('http')))
  proxy = await startProxy()
})

/** A proxy as in RFC 9110 that resolves every name to this machine. */
async function startProxy(): Promise<number> {
  const server = createServer((asked, response) => {
    proxied.push(`${asked.method} ${asked.url}`)
    const { port, pathname, host } = new URL(asked.url ?? '')
    const headers = { ...asked.headers, host }
    request({ host: '127.0.0.1', port, path: pathname, headers }, (found) => {
      response.writeHead(found.statusCode ?? 502)
      found.pipe(response)
    }).end()
  })
  server.on('connect', (asked, socket) => {
    proxied.push(`CONNECT ${asked.url}`)
    const upstream = connect(Number(asked.url?.split(':')[1]), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      upstream.pipe(socket).pipe(upstream)
    })
    for (const each of [socket, upstream]) each.on('error', () => upstream.destroy())
  })
  return listening(server)
}

/** The keys, or the reason why there are none. */
async function outcome(location: JwksLocation, route: FetchRoute): Promise<unknown> {
  proxied = []
  return jwksFetcher(
    location,
    { timeoutMs: 20_000 },
    route,
  )(OPEN).catch((error: unknown) => (error instanceof Error ? error.message : 'no error'))
}

const at = (url: string): JwksLocation => ({ kind: 'uri', uri: `${url}/keys` })
const of = (issuer: string): JwksLocation => ({ kind: 'discovery', issuer })
const local = () => `https://127.0.0.1:${secure}`
const remote = () => `https://${HOST}:${secure}`
const byProxy = () => ({ HTTPS_PROXY: `http://127.0.0.1:${proxy}` })

describe('an issuer with a private certificate authority', () => {
  it.each([
    ['its keys', () => at(local())],
    ['its discovery document', () => of(local())],
  ])('is reached with that authority: %s', async (_title, location) => {
    expect(await outcome(location(), { caFile: own.caFile })).toEqual(KEYS)
  })

  it('is not reached without it, nor with another one', async () => {
    expect(await outcome(at(local()), {})).toMatch(
      /^the issuer cannot be reached \((SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+)\)$/,
    )
    expect(await outcome(at(local()), { caFile: other.caFile })).toMatch(/^the issuer cannot be/)
  })

  it('is reached once the file is correct, without a restart', async () => {
    const caFile = path.join(folder.folder, 'renewed.crt')
    const fetchKeys = jwksFetcher(at(local()), {}, { caFile })
    await expect(fetchKeys(OPEN)).rejects.toThrow('ENOENT')
    await writeFile(caFile, other.ca)
    await expect(fetchKeys(OPEN)).rejects.toThrow('the issuer cannot be reached')
    await writeFile(caFile, `${other.ca}${own.ca}`)
    expect(await fetchKeys(OPEN)).toEqual(KEYS)
  })

  it('is not reached with a file without a certificate', async () => {
    const caFile = path.join(folder.folder, 'none.crt')
    await writeFile(caFile, 'marker')
    expect(await outcome(at(local()), { caFile })).toMatch(/^the issuer cannot be reached/)
  })

  it('is not accepted under a name other than that in its certificate', async () => {
    const elsewhere = await listening(
      createSecureServer(await folder.create('elsewhere'), answering('https')),
    )
    const caFile = path.join(folder.folder, 'elsewhere.ca.crt')
    const asked = await outcome(at(`https://${HOST}:${elsewhere}`), { caFile, proxies: byProxy() })
    expect(asked).toBe('the issuer cannot be reached (ERR_TLS_CERT_ALTNAME_INVALID)')
  })
})

describe('an issuer behind a proxy', () => {
  const route = (proxies: NonNullable<FetchRoute['proxies']>) => ({ caFile: own.caFile, proxies })

  it.each(['HTTPS_PROXY', 'https_proxy'])('is reached with %s, through a tunnel', async (name) => {
    const proxies = { [name]: `http://127.0.0.1:${proxy}` }
    expect(await outcome(at(remote()), route(proxies))).toEqual(KEYS)
    expect(proxied).toEqual([`CONNECT ${HOST}:${secure}`])
    expect(await outcome(of(remote()), route(proxies))).toEqual(KEYS)
    expect(proxied).toHaveLength(2)
  })

  it('is reached with HTTP_PROXY over http', async () => {
    const proxies = { HTTP_PROXY: `http://127.0.0.1:${proxy}` }
    expect(await outcome(of(`http://${HOST}:${plain}`), { proxies })).toEqual(KEYS)
    expect(proxied).toHaveLength(2)
    expect(proxied[1]).toBe(`GET http://${HOST}:${plain}/keys`)
  })

  it.each([HOST, '.example.test', '*', `other.test,${HOST}`])(
    'is reached without it if NO_PROXY is %s',
    async (excluded) => {
      const asked = await outcome(at(remote()), route({ ...byProxy(), NO_PROXY: excluded }))
      expect(asked).toMatch(/^the issuer cannot be reached \(E/)
      expect(proxied).toEqual([])
    },
  )

  it('is reached without it on a loopback address', async () => {
    expect(await outcome(at(local()), route(byProxy()))).toEqual(KEYS)
    expect(proxied).toEqual([])
  })

  it('is not reached if the proxy refuses', async () => {
    const refusing = createServer()
    refusing.on('connect', (_asked, socket) => socket.end('HTTP/1.1 403 marker\r\n\r\n'))
    const proxies = { HTTPS_PROXY: `http://127.0.0.1:${await listening(refusing)}` }
    const asked = await outcome(at(remote()), route(proxies))
    expect(asked).toMatch(/^the issuer cannot be reached \(\w+\)$/)
  })
})

describe('an issuer of another host', () => {
  const leadingTo =
    (jwks: string): RequestListener =>
    (asked, response) => {
      const issuer = `https://${asked.headers.host}`
      response.end(JSON.stringify({ issuer, jwks_uri: jwks }))
    }

  it.each([
    ['a server on the loopback address', () => `http://127.0.0.1:${plain}/keys`],
    ['http', () => `http://${HOST}:${plain}/keys`],
    ['a URL with a password', () => `https://a:b@${HOST}/keys`],
  ])('cannot redirect to %s', async (_title, jwks) => {
    const port = await listening(createSecureServer(own, leadingTo(jwks())))
    const route = { caFile: own.caFile, proxies: byProxy() }
    expect(await outcome(of(`https://${HOST}:${port}`), route)).toBe(
      'the discovery document has no https jwks_uri',
    )
  })

  it('over http cannot redirect to a loopback address either', async () => {
    const answer: RequestListener = (asked, response) => {
      const issuer = `http://${asked.headers.host}`
      response.end(JSON.stringify({ issuer, jwks_uri: `http://127.0.0.1:${plain}/keys` }))
    }
    const port = await listening(createServer(answer))
    const proxies = { HTTP_PROXY: `http://127.0.0.1:${proxy}` }
    expect(await outcome(of(`http://${HOST}:${port}`), { proxies })).toBe(
      'the discovery document has no https jwks_uri',
    )
  })
})
