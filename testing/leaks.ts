import { hash } from 'node:crypto'

/** The ends of all credentials of this process so far, and of their digests. */
const ends = new Set<string>()

const END_LENGTH = 20
/** What is shorter could be a word of anything. */
const CREDENTIAL = /^[\w.~-]{16,}$/

/** From now on nothing may tell this credential, or a digest of it. */
export function noteCredential(value: string) {
  if (!CREDENTIAL.test(value)) return
  const digests = (['hex', 'base64', 'base64url'] as const).map((as) => hash('sha256', value, as))
  for (const each of [value, ...digests]) ends.add(each.slice(-END_LENGTH))
}

const NAMES: ReadonlySet<string> = new Set(['authorization', 'x-api-key', 'api-key', 'cookie'])

/** The same for all that a request shows. */
export function noteHeaders(headers: Iterable<readonly [name: string, value: string]>) {
  for (const [name, value] of headers) {
    if (NAMES.has(name.toLowerCase())) value.split(/[\s,;=]+/).forEach(noteCredential)
  }
}

const WORDS = /[\w.~-]{16,}/g
/** Digests of SHA-256 in base64. */
const DIGESTS = /[A-Za-z0-9+/]{43}=/g
/** What begins any part of a JWT but its signature, and what begins OpenShift's tokens. */
const TOKENS = /eyJ[\w-]{8,}|sha256~[\w-]{8,}/g

/** How many of a text's words are credentials, digests of one, or tokens of any kind. */
export function tracesIn(text: string): number {
  const words = [WORDS, DIGESTS].flatMap((each) => text.match(each) ?? [])
  const known = words.filter((word) => ends.has(word.replace(/\.+$/, '').slice(-END_LENGTH)))
  return known.length + (text.match(TOKENS) ?? []).length
}

type Read = (page: string) => Promise<{ readonly text: string }>

/** Texts of a service's pages; none where it has ended. */
export async function pagesOf(read: Read): Promise<readonly string[]> {
  const pages = ['/metrics', '/readyz?verbose'].map(async (page) => (await read(page)).text)
  return Promise.all(pages.map((page) => page.catch(() => '')))
}

/** What a service printed and serves. Throws where it tells of a credential; the message does not. */
export function mustTellNothing(what: string, told: readonly unknown[]) {
  const traces = tracesIn(JSON.stringify(told))
  if (traces > 0) throw new Error(`credentials in ${what}: ${traces}`)
}

type Call = (given: { readonly path: string }) => Promise<{ readonly body: unknown }>

/** The same of the events of a cluster; none where it does not answer. */
export async function mustTellNothingIn({ call }: { readonly call: Call }) {
  const events = await call({ path: '/api/v1/events' }).catch(() => undefined)
  mustTellNothing('the events of a cluster', [events?.body])
}
