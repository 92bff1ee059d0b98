/** The answers of the model. JSON and events also contain an echo of the request. */
export type Answer =
  | { readonly kind: 'json'; readonly status: number; readonly content: object }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'events'; readonly events: readonly (object | string)[] }

type Ask = { readonly model: string; readonly body: unknown }

type Route = readonly [method: 'GET' | 'POST', path: RegExp, answer: (ask: Ask) => Answer]

const ROUTES: readonly Route[] = [
  // KServe V1
  ['GET', /^\/v1\/models\/([^/:]+)$/, ({ model }) => json({ name: model, ready: true })],
  ['POST', /^\/v1\/models\/([^/:]+):predict$/, () => json({ predictions: [1] })],
  // KServe V2
  ['GET', /^\/v2\/health\/live$/, () => json({ live: true })],
  ['GET', /^\/v2\/health\/ready$/, () => json({ ready: true })],
  ['GET', /^\/v2\/models\/([^/]+)$/, ({ model }) => json({ name: model, inputs: [], outputs: [] })],
  ['POST', /^\/v2\/models\/([^/]+)\/infer$/, ({ model }) => json(inference(model))],
  // OpenAI
  ['GET', /^(?:\/openai)?\/v1\/models$/, () => json({ object: 'list', data: [] })],
  ['POST', /^(?:\/openai)?\/v1\/completions$/, ({ body }) => completion(body)],
  ['POST', /^(?:\/openai)?\/v1\/chat\/completions$/, () => json(CHAT)],
  // Anthropic
  ['POST', /^\/v1\/messages$/, () => json(MESSAGE)],
  // Probes
  ['GET', /^\/healthz?$/, () => json({ status: 'ok' })],
  ['GET', /^\/metrics$/, () => ({ kind: 'text', text: '# TYPE up gauge\nup 1\n' })],
]

export function answerFor(method: string, url: string, body: unknown): Answer {
  const [path = ''] = url.split('?', 1)
  for (const [routeMethod, pattern, answer] of ROUTES) {
    const match = pattern.exec(path)
    if (match !== null && routeMethod === (method === 'HEAD' ? 'GET' : method)) {
      return answer({ model: match[1] ?? '', body })
    }
  }
  return json({ error: 'not found' }, 404)
}

const json = (content: object, status = 200): Answer => ({ kind: 'json', status, content })

const inference = (model: string) => ({
  model_name: model,
  outputs: [{ name: 'output-0', shape: [1], datatype: 'INT64', data: [1] }],
})

const CHAT = {
  object: 'chat.completion',
  choices: [{ index: 0, message: { role: 'assistant', content: 'hello' }, finish_reason: 'stop' }],
}

const MESSAGE = {
  type: 'message',
  role: 'assistant',
  content: [{ type: 'text', text: 'hello' }],
  stop_reason: 'end_turn',
}

const choice = (text: string) => ({ object: 'text_completion', choices: [{ index: 0, text }] })

function completion(body: unknown): Answer {
  const streamed =
    typeof body === 'object' && body !== null && 'stream' in body && body.stream === true
  if (!streamed) return json(choice('hello there'))
  return { kind: 'events', events: [choice('hello'), choice(' there'), '[DONE]'] }
}
