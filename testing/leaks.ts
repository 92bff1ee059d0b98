import { hash } from 'node:crypto'

/** Suffixes of all credentials of this process up to now, and of their digests. */
const ends = new Set<string>()

const END_LENGTH = 20
/** A shorter text could be an ordinary word. */
const CREDENTIAL = /^[\w.~-]{16,}$/

/** From now on this credential and its digests must not appear in any output. */
export function noteCredential(value: string) {
  if (!CREDENTIAL.test(value)) return
  const digests = (['hex', 'base64', 'base64url'] as const).map((as) => hash('sha256', value, as))
  for (const each of [value, ...digests]) ends.add(each.slice(-END_LENGTH))
}

const NAMES: ReadonlySet<string> = new Set(['authorization', 'x-api-key', 'api-key', 'cookie'])

/** The same for all credentials of a request. */
export function noteHeaders(headers: Iterable<readonly [name: string, value: string]>) {
  for (const [name, value] of headers) {
    if (NAMES.has(name.toLowerCase())) value.split(/[\s,;=]+/).forEach(noteCredential)
  }
}

const WORDS = /[\w.~-]{16,}/g
/** SHA-256 digests in base64. */
const DIGESTS = /[A-Za-z0-9+/]{43}=/g
/** The start of each part of a JWT except its signature, and of OpenShift's tokens. */
const TOKENS = /eyJ[\w-]{8,}|sha256~[\w-]{8,}/g

/** The number of words in a text that are credentials, their digests, or tokens of any kind. */
export function tracesIn(text: string): number {
  const words = [WORDS, DIGESTS].flatMap((each) => text.match(each) ?? [])
  const known = words.filter((word) => ends.has(word.replace(/\.+$/, '').slice(-END_LENGTH)))
  return known.length + (text.match(TOKENS) ?? []).length
}

type Read = (page: string) => Promise<{ readonly text: string }>

/** The pages of a service; none if it has ended. */
export async function pagesOf(read: Read): Promise<readonly string[]> {
  const pages = ['/metrics', '/denials', '/readyz?verbose'].map(
    async (page) => (await read(page)).text,
  )
  return Promise.all(pages.map((page) => page.catch(() => '')))
}

/** The output and pages of a service. Throws if they contain a credential; the message does not. */
export function mustTellNothing(what: string, told: readonly unknown[]) {
  const traces = tracesIn(JSON.stringify(told))
  if (traces > 0) throw new Error(`credentials in ${what}: ${traces}`)
}

type Call = (given: { readonly path: string }) => Promise<{ readonly body: unknown }>

/** The same for the events of a cluster; none if it does not answer. */
export async function mustTellNothingIn({ call }: { readonly call: Call }) {
  const events = await call({ path: '/api/v1/events' }).catch(() => undefined)
  mustTellNothing('the events of a cluster', [events?.body])
}
