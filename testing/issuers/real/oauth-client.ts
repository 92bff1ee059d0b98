import { textAt } from '../../json.ts'

/** As an OAuth client, and a browser in front of it. */
export type Tokens = {
  readonly access: string
  readonly refresh: string
  readonly id: string
}

type Form = Readonly<Record<string, string>>
export type Client = { readonly id: string; readonly secret: string }

export const CALLBACK = 'https://notebooks.example.com/callback'

/** Asks a token endpoint, and reads its answer (RFC 6749 section 5.1). */
export async function askForTokens(url: string, client: Client, form: Form): Promise<Tokens> {
  const { status, text } = await postForm(url, client, form)
  if (status !== 200) throw new Error(`${url} answered ${status}: ${text}`)
  const said: unknown = JSON.parse(text)
  return {
    access: textAt(said, 'access_token'),
    refresh: textAt(said, 'refresh_token'),
    id: textAt(said, 'id_token'),
  }
}

export async function postForm(url: string, { id, secret }: Client, form: Form) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${id}:${secret}`)}` },
    body: new URLSearchParams(form),
  })
  return { status: response.status, text: await response.text() }
}

/** A browser that keeps cookies and follows redirects up to a page, or up to the client. */
export function createBrowser() {
  const cookies = new Map<string, string>()

  async function open(url: string, form?: Form, redirects = 20): Promise<string> {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie },
      ...(form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }),
    })
    await response.text()
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]*)=([^;]*)/.exec(line) ?? []
      cookies.set(name, value)
    }
    const location = response.headers.get('location')
    if (location === null || redirects === 0) return url
    const next = new URL(location, url).href
    return next.startsWith(CALLBACK) ? next : open(next, undefined, redirects - 1)
  }
  return { open: (url: string, form?: Form) => open(url, form) }
}

/** The code with which an authorization server sent the browser back. */
export function codeIn(url: string): string {
  const code = new URL(url).searchParams.get('code')
  if (code === null) throw new Error(`no code at ${url}`)
  return code
}
