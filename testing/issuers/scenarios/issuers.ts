import { createHmac, createPublicKey } from 'node:crypto'
import {
  type Claims,
  createSigner,
  nowSeconds,
  type Signer,
  startOidcIssuer,
} from '../oidc-issuer.ts'
import type { Change, Example, Provider, Token } from './data.ts'

/** A claim of every token, which must never appear in any output. */
export const MARKER = 'marker-of-a-claim-0123456789'

/** Starts an issuer for each provider, on any free port. */
export async function startIssuers(
  providers: readonly Provider[],
  tokens: Example['tokens'],
  unreachable: readonly string[],
) {
  const issuers = new Map(
    await Promise.all(
      providers.map(async (provider) => [provider.name, await startOne(provider)] as const),
    ),
  )
  for (const name of unreachable) await of(name).stop()

  function of(name: string) {
    const issuer = issuers.get(name)
    if (issuer === undefined) throw new Error(`there is no issuer ${name}`)
    return issuer
  }
  const resolved = (name: string): Token => {
    const token = tokens[name]
    if (token === undefined) throw new Error(`there is no token ${name}`)
    if (token.like === undefined) return token
    const { claims, ...other } = resolved(token.like)
    return { ...other, ...token, claims: { ...claims, ...token.claims } }
  }
  const minted = new Map<string, string>()
  const tokenOf = (name: string) => {
    const { of: issuer = '', ...token } = resolved(name)
    const made = minted.get(name) ?? of(issuer).mint(token)
    minted.set(name, made)
    return made
  }

  return {
    /** The text with each `{{name}}` replaced by the token of that name. */
    fill: (text: string) => text.replace(/\{\{(.+?)\}\}/g, (_all, name: string) => tokenOf(name)),
    /** The configuration with the actual ports of the issuers. */
    place: (config: string) =>
      [...issuers.values()].reduce((text, { usual, port }) => text.replace(usual, port), config),
    change: ({ issuer, becomes }: Change) => of(issuer).become(becomes),
    minted: () => [...minted.values()],
    stop: async () => {
      for (const { stop } of issuers.values()) await stop()
    },
  }
}

async function startOne({ issuer: name, audiences, algorithms, jwksUri = name }: Provider) {
  const [algorithm] = algorithms ?? ['ES256']
  const keys = {
    first: createSigner(algorithm),
    next: createSigner(algorithm),
    nobodys: createSigner(algorithm),
  }
  const usual = new URL(jwksUri).host
  const server = await startOidcIssuer({ signer: keys.first })
  const issuer = jwksUri === name ? server.issuer : name
  let answer: (() => void) | undefined
  let reachable = true

  const stop = async () => {
    if (reachable) await server.stop()
    reachable = false
  }
  const becoming: Record<Change['becomes'], () => unknown> = {
    reachable: async () => {
      answer?.()
      if (!reachable) await server.restart()
      reachable = true
    },
    unreachable: stop,
    slow: () => {
      answer = server.hold()
    },
    'signing with the next key': () => server.publish(keys.next.jwk),
  }
  return {
    usual,
    port: `127.0.0.1:${server.port}`,
    stop,
    become: async (state: Change['becomes']) => void (await becoming[state]()),
    mint: ({ claims, key, trick }: Omit<Token, 'of'>) =>
      sign({ iss: issuer, aud: audiences[0], ...timed(claims), marker: MARKER }, key, trick),
  }

  function sign(claims: Claims, key: Token['key'], trick: Token['trick']): string {
    switch (trick) {
      case undefined:
        return keys[key].sign(claims)
      case 'signed by somebody else':
        return keys.nobodys.sign(claims, { kid: keys[key].jwk.kid })
      case 'alg none':
        return keys[key].sign(claims, { alg: 'none' }).replace(/[^.]*$/, '')
      case 'HS256 with the public key':
        return signedWithPublic(keys[key], claims)
    }
  }
}

/** The confusion of RS256 and HS256: the public key used as a secret. */
function signedWithPublic(signer: Signer, claims: Claims): string {
  const input = signer.sign(claims, { alg: 'HS256' }).replace(/\.[^.]*$/, '')
  const pem = createPublicKey({ key: { ...signer.jwk }, format: 'jwk' }).export({
    type: 'spki',
    format: 'pem',
  })
  return `${input}.${createHmac('sha256', pem).update(input).digest('base64url')}`
}

function timed({ exp = 600, nbf, ...claims }: Claims): Claims {
  const at = (seconds: unknown) => nowSeconds() + Number(seconds)
  return { iat: at(-5), exp: at(exp), ...(nbf === undefined ? {} : { nbf: at(nbf) }), ...claims }
}
