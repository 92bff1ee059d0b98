import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Fault } from './oidc-issuer.ts'
import { startRestartableServer } from './restartable-server.ts'

export type AuthorizationServer = Awaited<ReturnType<typeof startAuthorizationServer>>

/** What it says of a token; texts are sent as they are. */
type Answers = Readonly<Record<string, unknown>>

/** What it was asked. */
type AskedIntrospection = {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly authorization: string | undefined
  readonly type: string | undefined
  readonly accept: string | undefined
  readonly form: Readonly<Record<string, string>>
}

/** An introspection endpoint on loopback that says what it is told, and fails on demand. */
export async function startAuthorizationServer(given: Answers = {}) {
  const asked: AskedIntrospection[] = []
  let answers = given
  let fault: Fault | undefined
  let waiting: (() => void)[] | undefined

  async function answer(request: IncomingMessage, response: ServerResponse) {
    const { method, url, headers } = request
    const form = Object.fromEntries(new URLSearchParams(await text(request)))
    const { authorization, accept, 'content-type': type } = headers
    asked.push({ method, url, authorization, type, accept, form })
    const said = answers[form.token ?? ''] ?? { active: false }
    const body = typeof said === 'string' ? said : JSON.stringify(said)
    const reply = () => response.writeHead(200, { 'content-type': 'application/json' }).end(body)
    if (fault !== undefined) fault(response, request)
    else if (waiting !== undefined) waiting.push(reply)
    else reply()
  }

  const { port, stop, restart } = await startRestartableServer(
    (request, response) => void answer(request, response),
  )

  return {
    port,
    url: `http://127.0.0.1:${port}/introspect`,
    asked,
    /** From now on. */
    say: (next: Answers) => {
      answers = next
    },
    /** `undefined`: it is well again. */
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
    held: () => waiting?.length ?? 0,
    stop,
    restart,
  }
}
