import { textAt } from '../json.ts'
import { askWithProgram, type ProgramAsking } from './asking-program.ts'

/** One request of the client libraries. */
type Asking = ProgramAsking & {
  /** The folder of `findClients`. */
  readonly folder: string
}

/** An exception that a client library throws. */
export type Thrown = {
  readonly exception: string
  readonly message: string
  readonly requestId: string
}

/** The exceptions of OpenAI's, Anthropic's and LangChain's clients, which ask in a program of their own. */
export async function askWithLibraries({ folder, ...asking }: Asking): Promise<readonly Thrown[]> {
  const command = [process.execPath, '--input-type=module', '-e', PROGRAM] as const
  const thrown = await askWithProgram(command, asking, folder)
  return thrown.map((each) => ({
    exception: textAt(each, 'exception'),
    message: textAt(each, 'message'),
    requestId: textAt(each, 'requestId'),
  }))
}

const PROGRAM = `
  import { request } from 'node:http'
  import { json, text } from 'node:stream/consumers'
  import Anthropic from '@anthropic-ai/sdk'
  import { ChatOpenAI } from '@langchain/openai'
  import OpenAI from 'openai'
  const { port, address, host, prefix, headers: own } = await json(process.stdin)
  const fetch = (url, { method, headers, body }) => new Promise((resolve, reject) => {
    const sent = new Headers(headers)
    for (const name of ['authorization', 'x-api-key']) sent.delete(name)
    for (const [name, value] of [['host', host], ...own]) sent.set(name, value)
    const { pathname } = new URL(url)
    request({ host: address, port, method, path: pathname, headers: Object.fromEntries(sent) }, async (reply) =>
      resolve(new Response(await text(reply), { status: reply.statusCode, headers: reply.headers })),
    ).on('error', reject).end(body)
  })
  const options = { apiKey: 'unused', maxRetries: 0, fetch }
  const base = 'http://model.test' + prefix
  const messages = [{ role: 'user', content: 'hello' }]
  const openai = new OpenAI({ ...options, baseURL: base + '/v1' })
  const anthropic = new Anthropic({ ...options, baseURL: base })
  const langchain = new ChatOpenAI({
    apiKey: 'unused', model: 'm', maxRetries: 0, configuration: { baseURL: base + '/v1', fetch },
  })
  const thrownBy = (asked) => asked.then(
    () => ({}),
    ({ constructor: { name }, message, requestID }) => ({ exception: name, message, requestId: requestID }),
  )
  console.log(JSON.stringify([
    await thrownBy(openai.chat.completions.create({ model: 'm', messages })),
    await thrownBy(anthropic.messages.create({ model: 'm', max_tokens: 1, messages })),
    await thrownBy(langchain.invoke('hello')),
  ]))
`
