import { exportJWK, generateKeyPair, SignJWT } from 'jose'

const ALGORITHM = 'RS256'
const PLACEHOLDER = /\{\{token:(?:([^:}/]+)\/)?([^:}/]+):([^}]+)\}\}/g

/** A cluster that signs tokens for ServiceAccounts, as for `kubectl create token`. */
export async function createSigner(issuer: string, usualNamespace: string) {
  const { publicKey, privateKey } = await generateKeyPair(ALGORITHM)
  const jwk = { ...(await exportJWK(publicKey)), kid: 'demo', alg: ALGORITHM, use: 'sig' }

  const sign = (namespace: string, serviceAccount: string, audience: string) =>
    new SignJWT({
      'kubernetes.io': { namespace, serviceaccount: { name: serviceAccount, uid: 'demo' } },
    })
      .setProtectedHeader({ alg: ALGORITHM, kid: jwk.kid })
      .setIssuer(issuer)
      .setSubject(`system:serviceaccount:${namespace}:${serviceAccount}`)
      .setAudience([audience])
      .setIssuedAt()
      .setNotBefore('0s')
      .setExpirationTime('1h')
      .sign(privateKey)

  const fill = (text: string) =>
    fillTokens(text, usualNamespace, ({ namespace, name, audience }) =>
      sign(namespace, name, audience),
    )
  return { jwks: { keys: [jwk] }, fill }
}

type Wanted = { readonly namespace: string; readonly name: string; readonly audience: string }

/** Replaces each `{{token:<ServiceAccount>:<audience>}}`, or `<namespace>/<ServiceAccount>`, with a token. */
export async function fillTokens(
  text: string,
  usualNamespace: string,
  tokenFor: (wanted: Wanted) => Promise<string>,
): Promise<string> {
  let filled = text
  for (const [placeholder, namespace = usualNamespace, name = '', audience = ''] of text.matchAll(
    PLACEHOLDER,
  )) {
    filled = filled.replaceAll(placeholder, await tokenFor({ namespace, name, audience }))
  }
  return filled
}
