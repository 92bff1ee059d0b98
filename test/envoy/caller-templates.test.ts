import { describe, expect, it } from 'vitest'
import type { Caller } from '../../src/access/caller.ts'
import { allow, OPEN } from '../../src/access/decision.ts'
import { readConfig } from '../../src/config/read-config.ts'
import { createEncode } from '../../src/envoy/encode.ts'
import { decodeCheckResponse } from '../../src/envoy/protocol.ts'
import { aCaller, anApiKey } from '../../testing/builders.ts'
import { headersIn } from '../../testing/envoy/check-client.ts'

const FAIRNESS = 'x-gateway-inference-fairness-id'
const OBJECTIVE = 'x-gateway-inference-objective'

function answerTo(caller: Caller | undefined, templates?: Readonly<Record<string, string>>) {
  const text = JSON.stringify(templates === undefined ? {} : { headers: { templates } })
  const { headers } = readConfig({ file: { path: 'config.yaml', text }, env: {}, flags: {} })
  const encode = createEncode({ headers, realm: 'r' })
  const asked = {
    dialect: 'plain',
    underscored: [],
    cookie: undefined,
    service: undefined,
    caller,
  } as const
  const decision = caller === undefined ? OPEN : { ...allow(caller), claimHeaders: {} }
  const { ok_response } = decodeCheckResponse(encode(decision, asked))
  const set = Object.fromEntries(headersIn(ok_response?.headers))
  const remove = ok_response?.headers_to_remove ?? []
  return { set, removed: [FAIRNESS, OBJECTIVE].filter((name) => remove.includes(name)) }
}

const KEY_CALLER: Caller = {
  ...aCaller({ kind: 'api-key', inRbac: false, apiKey: anApiKey({ namespace: 'team' }) }),
  user: undefined,
}

describe('the headers by which llm-d orders requests', () => {
  it("are never the client's own", () => {
    expect(answerTo(undefined).removed).toEqual([FAIRNESS, OBJECTIVE])
    expect(answerTo(aCaller()).removed).toEqual([OBJECTIVE])
    expect(answerTo(KEY_CALLER).removed).toEqual([FAIRNESS, OBJECTIVE])
  })

  it('name the caller, unless the installation says otherwise', () => {
    expect(answerTo(aCaller()).set[FAIRNESS]).toBe('system:serviceaccount:team:reader')
  })

  it.each<[template: string, caller: Caller, value: string | undefined]>([
    ['{namespace}', aCaller(), 'team'],
    ['{namespace|authenticated}', aCaller(), 'team'],
    ['{namespace|authenticated}', aCaller({ kind: 'jwt', user: 'alice' }), 'authenticated'],
    ['{namespace}', aCaller({ kind: 'jwt', user: 'alice' }), undefined],
    ['{namespace}', aCaller({ kind: 'jwt', inRbac: false }), undefined],
    ['{namespace}/{kind}', KEY_CALLER, 'team/api-key'],
    ['{user}', KEY_CALLER, undefined],
    ['{user|somebody}', KEY_CALLER, 'somebody'],
    ['of {user}', aCaller({ user: 'jürgen' }), 'of j%C3%BCrgen'],
    ['{user}', aCaller({ user: '{namespace}' }), '{namespace}'],
    ['batch', aCaller(), 'batch'],
  ])('%s', (template, caller, value) => {
    expect(answerTo(caller, { [OBJECTIVE]: template }).set[OBJECTIVE]).toBe(value)
  })

  it.each(['{host}', '{user', '}{', '{user|{kind}}', 'ü', 'a\nb'])('are not made of %j', (text) => {
    expect(() => answerTo(aCaller(), { [OBJECTIVE]: text })).toThrow('headers.templates')
  })
})
