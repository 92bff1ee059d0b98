import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Claims, createSigner, type Signer } from '../../examples/identity-providers/signer.ts'
import { startRestartableServer } from './restartable-server.ts'

export type { Claims, Signer } from '../../examples/identity-providers/signer.ts'
export { createSigner } from '../../examples/identity-providers/signer.ts'

/** A fault that replaces an issuer's answer. */
export type Fault = (response: ServerResponse, request: IncomingMessage) => void

export type OidcIssuer = Awaited<ReturnType<typeof startOidcIssuer>>

export const FAULTS = {
  'a status of 500': (response) => response.writeHead(500).end('{"keys": []}'),
  'nothing at all': () => {},
  'a byte every few milliseconds': (response) => {
    response.writeHead(200)
    const drip = setInterval(() => response.write(' '), 5)
    response.once('close', () => clearInterval(drip))
  },
  'ten megabytes': (response) => {
    response.on('error', () => {})
    response.writeHead(200).end(`"${'x'.repeat(10 * 1024 * 1024)}"`)
  },
  'no JSON': (response) => response.writeHead(200).end('<html>marker-of-the-issuer</html>'),
  'an end in the middle': (response) => {
    response.writeHead(200, { 'content-length': 1_000 }).write('{"keys": [')
    setImmediate(() => response.destroy())
  },
} as const satisfies Readonly<Record<string, Fault>>

type Start = {
  /** Its issuer name; by default its own URL. */
  readonly name?: string
  readonly signer?: Signer
}

/** An issuer on loopback that counts requests, fails on demand and signs given tokens. */
export async function startOidcIssuer({ name, signer = createSigner() }: Start = {}) {
  const asked = { discoveries: 0, fetches: 0 }
  let keys: readonly unknown[] = [signer.jwk]
  let fault: Fault | undefined
  let waiting: (() => void)[] | undefined
  const { port, stop, restart } = await startRestartableServer(answer)
  const url = `http://127.0.0.1:${port}`
  const issuer = name ?? url

  function answer(request: IncomingMessage, response: ServerResponse) {
    const discovery = request.url?.endsWith('/.well-known/openid-configuration') === true
    asked[discovery ? 'discoveries' : 'fetches'] += 1
    const content = discovery ? { issuer, jwks_uri: `${url}/keys` } : { keys }
    const reply = () => response.writeHead(200).end(JSON.stringify(content))
    if (fault !== undefined) fault(response, request)
    else if (waiting !== undefined) waiting.push(reply)
    else reply()
  }

  return {
    issuer,
    url,
    jwksUri: `${url}/keys`,
    port,
    /** The requests up to now: for its discovery document, and for its keys. */
    asked: (): Readonly<typeof asked> => ({ ...asked }),
    /** Replaces its key set; it may contain anything. */
    publish: (...published: readonly unknown[]) => {
      keys = published
    },
    /** `undefined` ends the fault. */
    fail: (next: Fault | undefined) => {
      fault = next
    },
    /** Answers wait until the returned function is called. */
    hold: () => {
      waiting = []
      return () => {
        const held = waiting ?? []
        waiting = undefined
        for (const reply of held) reply()
      }
    },
    /** A token of its first key, by default valid for ten minutes. */
    token: (claims: Claims = {}, header: Claims = {}) =>
      signer.sign({ ...goodClaims(issuer), ...claims }, header),
    stop,
    restart,
  }
}

export const nowSeconds = (): number => Math.floor(Date.now() / 1_000)

/** Claims of a valid token, for the audience `models`. */
export const goodClaims = (issuer: string): Claims => ({
  iss: issuer,
  aud: 'models',
  sub: 'ada',
  iat: nowSeconds() - 5,
  exp: nowSeconds() + 600,
})
