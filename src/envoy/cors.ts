// The CORS headers of denials, and the answers to preflight requests.

import { headerField } from './fields.ts'

export type Cors = {
  /** Exact origins, or `*` for any. */
  readonly origins: readonly string[]
  readonly headers: readonly string[]
  /** Seconds. */
  readonly maxAge: number
}

/** The encoded headers for one origin. */
type CorsHeaders = {
  /** With these a script may read a denial. */
  readonly denied: string
  readonly preflight: string
}

const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE'
const EXPOSED = 'x-ext-auth-reason, x-request-id, request-id, www-authenticate, retry-after'
const ANY = '*'

/** Finds the headers for an origin; `undefined`: scripts of this origin may read nothing. */
export function createCors({ origins, headers, maxAge }: Cors) {
  const encoded = new Map(origins.map((origin) => [origin, headersFor(origin)] as const))
  const forAny = encoded.get(ANY)
  encoded.delete(ANY)

  return (origin: string | undefined): CorsHeaders | undefined =>
    origin === undefined ? undefined : (encoded.get(origin) ?? forAny)

  function headersFor(origin: string): CorsHeaders {
    const allowed = [['access-control-allow-origin', origin] as const]
    // A page with the cookies of its user may read the answer only if its origin is listed.
    const own = [
      ['access-control-allow-credentials', 'true'],
      ['vary', 'origin'],
    ] as const
    const common = origin === ANY ? allowed : [...allowed, ...own]
    return {
      denied: encode([...common, ['access-control-expose-headers', EXPOSED]]),
      preflight: encode([
        ...common,
        ['access-control-allow-methods', METHODS],
        ['access-control-allow-headers', headers.join(', ')],
        ['access-control-max-age', `${maxAge}`],
      ]),
    }
  }
}

const encode = (headers: readonly (readonly [name: string, value: string])[]): string =>
  headers
    .filter(([, value]) => value !== '')
    .map(([name, value]) => headerField(name, value))
    .join('')
