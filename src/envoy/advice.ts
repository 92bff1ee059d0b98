// Says where a credential belongs, by the configuration.

/** The headers of API keys, and their schemes in Authorization. */
export type ApiKeyPlaces = {
  readonly headers: readonly string[]
  readonly schemes: readonly string[]
}

/** The defaults of the configuration. */
export const API_KEY_PLACES: ApiKeyPlaces = {
  headers: ['authorization', 'x-api-key', 'api-key'],
  schemes: ['Bearer'],
}

type PlaceAdvice = {
  readonly any: string
  readonly anthropic: string
  readonly grpc: string
  readonly malformed: string
  /** How a token is kept apart from an API key; empty: no header for API keys suggests itself. */
  readonly notAsKey: string
}

/** Sentences for clients. None tells to send an API key where it is not accepted. */
export function adviceAbout({ headers, schemes }: ApiKeyPlaces): PlaceAdvice {
  const inAuthorization = headers.includes('authorization') ? schemes : []
  const isBearer = inAuthorization.some((scheme) => scheme.toLowerCase() === 'bearer')
  const [scheme] = inAuthorization
  const [header] = headers.filter((name) => name !== 'authorization')
  const bearer = isBearer ? 'Bearer <token or API key>' : 'Bearer <token>'
  const otherwise = isBearer ? undefined : elsewhere(scheme, header)
  const or = otherwise === undefined ? '' : `, or ${otherwise}`
  const forAnthropic = headers.includes(ANTHROPIC_HEADER)
  return {
    any: `send Authorization: ${bearer}${or}`,
    anthropic: forAnthropic
      ? `send ${ANTHROPIC_HEADER}: <API key>, or Authorization: ${bearer}`
      : `send Authorization: ${bearer}${or}`,
    grpc: `send the metadata authorization: ${bearer}${or.replace('Authorization', 'authorization')}`,
    malformed: malformed(isBearer, scheme),
    notAsKey: forAnthropic ? `, not in ${ANTHROPIC_HEADER}` : '',
  }
}

/** The header of Anthropic's clients. */
const ANTHROPIC_HEADER = 'x-api-key'

const elsewhere = (scheme: string | undefined, header: string | undefined) => {
  if (scheme !== undefined) return `Authorization: ${scheme} <API key>`
  return header === undefined ? undefined : `${header}: <API key>`
}

function malformed(isBearer: boolean, scheme: string | undefined): string {
  if (isBearer)
    return 'Authorization must be Bearer <token or API key>, without spaces in the token or key'
  return scheme === undefined
    ? 'Authorization must be Bearer <token>, without spaces in the token'
    : `Authorization must be Bearer <token> or ${scheme} <API key>, without spaces in the token or key`
}
