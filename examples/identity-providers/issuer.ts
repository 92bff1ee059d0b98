import { createServer, type ServerResponse } from 'node:http'
import { type Claims, createSigner } from './signer.ts'

const HOUR_SECONDS = 3_600

/**
 * An OpenID Connect issuer as far as a verifier of its tokens can see: a discovery document and a key
 * set. Whoever asks this function for a token gets it, so it is for this machine only.
 */
export async function startIssuer({ port = 0 }: { readonly port?: number } = {}) {
  const signer = createSigner()
  const server = createServer(({ url }, response) => {
    const issuer = `http://${LOOPBACK}:${boundPort()}`
    switch (url) {
      case '/.well-known/openid-configuration':
        return sendJson(response, { issuer, jwks_uri: `${issuer}/keys` })
      case '/keys':
        return sendJson(response, { keys: [signer.jwk] })
      default:
        response.writeHead(404).end()
    }
  })
  const boundPort = () => {
    const address = server.address()
    return typeof address === 'object' && address !== null ? address.port : port
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, LOOPBACK, resolve)
  })
  const url = `http://${LOOPBACK}:${boundPort()}`
  return {
    url,
    /** A token that is good for an hour, unless the claims say otherwise. */
    tokenOf: (claims: Claims) => {
      const now = Math.floor(Date.now() / 1_000)
      return signer.sign({ iss: url, iat: now, exp: now + HOUR_SECONDS, ...claims })
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const LOOPBACK = '127.0.0.1'

function sendJson(response: ServerResponse, content: object) {
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify(content))
}
