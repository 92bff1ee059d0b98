import { createServer } from 'node:http'
import { type Claims, createSigner } from './signer.ts'

const LOOPBACK = '127.0.0.1'
const AUDIENCE = 'kubeflow'
const HOUR_SECONDS = 3_600

/** The claims of each user. */
const PEOPLE: Readonly<Record<string, Claims>> = {
  ada: { email: 'ada@example.com', email_verified: true, groups: ['ml-team', 'all'] },
  bob: { email: 'bob@example.com', email_verified: true, groups: ['all'] },
}

/**
 * Stands in for an OpenID Connect issuer: it serves a discovery document and a key set. It gives every
 * user's token to anybody, at `/tokens/<name>`, so use it on the local machine only.
 */
export async function startIssuer({ port = 0 }: { readonly port?: number } = {}) {
  const signer = createSigner()
  let url = ''
  const tokenOf = (person: string): string | undefined => {
    const claims = Object.hasOwn(PEOPLE, person) ? PEOPLE[person] : undefined
    const now = Math.floor(Date.now() / 1_000)
    const times = { iat: now, exp: now + HOUR_SECONDS }
    return claims && signer.sign({ iss: url, aud: AUDIENCE, sub: person, ...times, ...claims })
  }
  const answerTo = (path: string): string | undefined => {
    switch (path) {
      case '/.well-known/openid-configuration':
        return JSON.stringify({ issuer: url, jwks_uri: `${url}/keys` })
      case '/keys':
        return JSON.stringify({ keys: [signer.jwk] })
      default:
        return path.startsWith('/tokens/') ? tokenOf(path.slice('/tokens/'.length)) : undefined
    }
  }
  const server = createServer((request, response) => {
    const answer = answerTo(request.url ?? '')
    response.writeHead(answer === undefined ? 404 : 200).end(answer)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, LOOPBACK, resolve)
  })
  const address = server.address()
  url = `http://${LOOPBACK}:${typeof address === 'object' && address !== null ? address.port : port}`
  return {
    url,
    tokenOf,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

if (import.meta.main) {
  const { url } = await startIssuer({ port: Number(process.env.PORT ?? 5556) })
  console.log(
    `issuer ${url}; tokens at ${Object.keys(PEOPLE)
      .map((person) => `${url}/tokens/${person}`)
      .join(' and ')}`,
  )
}
