import { writeFile } from 'node:fs/promises'
import { createServer as createPlainServer, type RequestListener, type Server } from 'node:http'
import { createServer } from 'node:https'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../../scripts/child.ts'
import { findIssuers } from '../../scripts/issuers.ts'
import { proxiesIn } from '../../src/app/identity-providers.ts'
import { createAuthorities } from '../../testing/authorities.ts'
import { freePort } from '../../testing/free-ports.ts'
import { bearer, modelBehind } from '../../testing/identity-engine.ts'
import { createSigner, goodClaims } from '../../testing/issuers/oidc-issuer.ts'
import { startServer } from '../../testing/issuers/real/start-server.ts'

/** An address of this machine that is none of the names of loopback, so that proxies count for it. */
const HOST = '127.0.0.2'
const signer = createSigner()

const stops: (() => unknown)[] = []
afterAll(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop()
})

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve))
  stops.push(() => server.close())
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** Its discovery document, its keys, and what it says of opaque tokens. */
const answering =
  (scheme: string): RequestListener =>
  (asked, response) => {
    const issuer = `${scheme}://${asked.headers.host}`
    const pages: Readonly<Record<string, unknown>> = {
      '/.well-known/openid-configuration': { issuer, jwks_uri: `${issuer}/keys` },
      '/keys': { keys: [signer.jwk] },
      '/introspect': { active: true, aud: 'models', sub: 'ada' },
    }
    asked.resume().once('end', () => response.end(JSON.stringify(pages[asked.url ?? ''])))
  }

let proxy: Awaited<ReturnType<typeof startServer>>
let proxyUrl = ''
let caFile = ''
let clientSecretFile = ''
let secure = ''
let plain = ''

beforeAll(async () => {
  const { python } = await findIssuers(() => {})
  const port = await freePort()
  const command = ['--hostname', '127.0.0.1', '--port', `${port}`, '--num-workers', '1'] as const
  proxy = await startServer(
    'proxy.py',
    [python, '-m', 'proxy', ...command, '--num-acceptors', '1'],
    {},
    (said) => said.includes('Loaded plugin'),
  )
  stops.push(proxy.stop)
  proxyUrl = `http://127.0.0.1:${port}`
  const authorities = await createAuthorities()
  stops.push(authorities.remove)
  const own = await authorities.create('own', HOST)
  caFile = own.caFile
  clientSecretFile = path.join(authorities.folder, 'client-secret')
  await writeFile(clientSecretFile, 'secret')
  secure = `https://${HOST}:${await listening(createServer(own, answering('https')))}`
  plain = `http://${HOST}:${await listening(createPlainServer(answering('http')))}`
  await until('the proxy', () => fetch(proxyUrl))
})

async function answerTo(
  env: Readonly<Record<string, string>>,
  given: object,
  token = signer.sign(goodClaims(secure)),
) {
  const faults: string[] = []
  const before = proxy.said.length
  const provider = { name: 'idp', issuer: secure, audiences: ['models'], caFile, ...given }
  const { ask } = await modelBehind({
    config: { jwt: { providers: [provider] } },
    policy: { allow: [{}] },
    proxies: proxiesIn(env),
    faults,
  })
  const { answer } = await ask(bearer(token))
  return { answer, faults, proxied: () => proxy.said.slice(before).join('') }
}

const ES256 = { algorithms: ['ES256'] }

describe('an issuer behind a real proxy', () => {
  it('is discovered and its keys are fetched through tunnels of HTTPS_PROXY', async () => {
    const { answer, faults, proxied } = await answerTo({ HTTPS_PROXY: proxyUrl }, ES256)
    expect([answer, faults]).toEqual(['allow', []])
    const { host } = new URL(secure)
    await expect
      .poll(() => proxied().match(/CONNECT \S+/g))
      .toEqual([`CONNECT ${host}`, `CONNECT ${host}`])
  })

  it('is asked about opaque tokens through it', async () => {
    const introspection = { url: `${secure}/introspect`, clientId: 'a', clientSecretFile }
    const env = { https_proxy: proxyUrl }
    const { answer, faults, proxied } = await answerTo(env, { introspection }, 'opaque')
    expect([answer, faults]).toEqual(['allow', []])
    await expect.poll(proxied).toContain(`CONNECT ${new URL(secure).host}`)
    expect(proxied()).not.toContain('opaque')
  })

  it('is reached over http by HTTP_PROXY', async () => {
    const token = signer.sign(goodClaims(plain))
    const given = { ...ES256, issuer: plain, insecureHttp: true }
    const { answer, faults, proxied } = await answerTo({ HTTP_PROXY: proxyUrl }, given, token)
    expect([answer, faults]).toEqual(['allow', []])
    await expect.poll(proxied).toMatch(/GET \S+\/keys/)
  })

  it('is reached without it where NO_PROXY names it', async () => {
    const env = { HTTPS_PROXY: proxyUrl, NO_PROXY: `other.example.com,${HOST}` }
    const { answer, proxied } = await answerTo(env, ES256)
    expect(answer).toBe('allow')
    expect(proxied()).toBe('')
  })

  it('is not reached where the proxy cannot reach it, nor where there is no proxy', async () => {
    const port = await freePort()
    const gone = { ...ES256, issuer: `https://${HOST}:${port}` }
    const token = signer.sign(goodClaims(gone.issuer))
    const unreached = await answerTo({ HTTPS_PROXY: proxyUrl }, gone, token)
    expect(unreached.answer).toBe('authentication-unavailable')
    expect(unreached.faults).toEqual([expect.stringContaining('the issuer cannot be reached')])
    const proxyless = await answerTo({ HTTPS_PROXY: `http://127.0.0.1:${port}` }, ES256)
    expect(proxyless.answer).toBe('authentication-unavailable')
  })
})
