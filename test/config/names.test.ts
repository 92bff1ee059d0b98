import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { ConfigError, readConfig } from '../../src/config/read-config.ts'
import { configReference } from '../../src/config/reference.ts'
import { RENAMED } from '../../src/config/renamed.ts'
import { CONFIG } from '../../src/config/schema.ts'
import { bareOf, keysIn, shapeOf } from '../../src/config/shape.ts'

type Sources = { text?: string; env?: Record<string, string> }

function problemsOf({ text, env = {} }: Sources): readonly string[] {
  const file = text === undefined ? undefined : { path: 'config.yaml', text }
  try {
    readConfig({ file, env, flags: {} })
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

const VARIABLES = new Map(configReference().map(({ key, env }) => [key, env]))

const nested = (key: string, value: unknown): unknown =>
  key.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), value)

/** Keys that contain names from RFCs, HTTP, Kubernetes and TLS. */
const OF_OTHERS = ['algorithms', 'auth', 'methods', 'kind', 'minVersion']

function wordsIn(schema: z.core.$ZodType, name = ''): readonly string[] {
  const bare = bareOf(schema)
  if (bare instanceof z.ZodArray) return wordsIn(bare.def.element, name)
  if (bare instanceof z.ZodEnum) return OF_OTHERS.includes(name) ? [] : bare.options.map(String)
  return Object.entries(shapeOf(bare)).flatMap(([key, inner]) => wordsIn(inner, key))
}

describe('a renamed key', () => {
  it.each([
    ['limits: {anonymous: true}', 'limits: unknown key; renamed to `ownersMay`'],
    ['limits: 3', 'limits: unknown key; renamed to `ownersMay`'],
    ['headers: {method: x-method}', 'headers.method: unknown key; renamed to `headers.credential`'],
  ])('is refused with its new name: %s', (text, problem) => {
    expect(problemsOf({ text })).toEqual([`config.yaml: ${problem}`])
  })

  it.each([
    ['KSERVE_AUTHZ_LIMITS', 'KSERVE_AUTHZ_OWNERS_MAY'],
    ['KSERVE_AUTHZ_LIMITS_OPT_OUT', 'KSERVE_AUTHZ_OWNERS_MAY_OPT_OUT'],
    ['KSERVE_AUTHZ_LIMITS_ANONYMOUS', 'KSERVE_AUTHZ_OWNERS_MAY_ANONYMOUS'],
    ['KSERVE_AUTHZ_LIMITS_SHADOW', 'KSERVE_AUTHZ_OWNERS_MAY_SHADOW'],
    ['KSERVE_AUTHZ_LIMITS_EXCLUSIONS', 'KSERVE_AUTHZ_OWNERS_MAY_EXCLUSIONS'],
    ['KSERVE_AUTHZ_HEADERS_METHOD', 'KSERVE_AUTHZ_HEADERS_CREDENTIAL'],
  ])('is refused as a variable, too: %s', (old, renamed) => {
    expect(problemsOf({ env: { [old]: 'true' } })).toEqual([
      `${old}: unknown variable; renamed to \`${renamed}\``,
    ])
  })

  it('is refused in a variable that sets a whole section', () => {
    expect(problemsOf({ env: { KSERVE_AUTHZ_HEADERS: '{"method": "x-method"}' } })).toEqual([
      'KSERVE_AUTHZ_HEADERS: headers.method: unknown key; renamed to `headers.credential`',
    ])
  })

  it('is refused next to the new one', () => {
    expect(problemsOf({ text: 'limits: {optOut: true}\nownersMay: {optOut: false}' })).toEqual([
      'config.yaml: limits: unknown key; renamed to `ownersMay`',
    ])
  })

  it('is refused in its own section only', () => {
    expect(problemsOf({ text: 'ownersMay: {limits: {}}\nmethod: x' })).toEqual([
      'config.yaml: ownersMay.limits: unknown key',
      'config.yaml: method: unknown key',
    ])
    const env = { KSERVE_AUTHZ_LIMITSOPT_OUT: '', KSERVE_AUTHZ_LIMITS_OPTOUT: '' }
    expect(problemsOf({ env }).join()).not.toContain('renamed')
  })

  it('has a new name that is in the reference', () => {
    const keys = keysIn(CONFIG).map(({ path }) => path.join('.'))
    for (const [old, renamed] of RENAMED) {
      expect(keys).toContain(renamed)
      expect(keys).not.toContain(old)
    }
  })
})

describe('an enumerated value in the wrong case', () => {
  it.each([
    ['forwardCredential', 'Auto', 'auto', 'auto, always or never'],
    ['forwardCredential', 'Always', 'always', 'auto, always or never'],
    ['forwardCredential', 'Never', 'never', 'auto, always or never'],
    ['corsPreflight', 'Allow', 'allow', 'deny or allow'],
    ['decisionLog.decisions', 'Denied', 'denied', 'all, denied or off'],
    ['gateways.hostPort', 'COMPARED', 'compared', 'ignored or compared'],
    ['logLevel', 'INFO', 'info', 'debug, info, warn or error'],
  ])('is refused with the correct one: %s %s', (key, found, right, expected) => {
    const hint = `${key}: expected ${expected}, not "${found}"; did you mean \`${right}\`?`
    expect(problemsOf({ text: JSON.stringify(nested(key, found)) })).toEqual([
      `config.yaml: ${hint}`,
    ])
    const variable = VARIABLES.get(key) ?? ''
    expect(problemsOf({ env: { [variable]: found } })).toEqual([`${variable}: ${hint}`])
  })

  it.each([{ toString: 1 }, ['auto'], 1, null])(
    'gets a suggestion only if it is a text, not %j',
    (found) => {
      expect(problemsOf({ text: JSON.stringify({ forwardCredential: found }) })).toEqual([
        expect.not.stringContaining('did you mean'),
      ])
    },
  )

  it('is refused in lists, too', () => {
    const listeners = [{ position: 'Gateway', address: 'a:1' }]
    expect(problemsOf({ text: JSON.stringify({ grpc: { listeners } }) })).toEqual([
      'config.yaml: grpc.listeners[0].position: expected workload or gateway, not "Gateway"; did you mean `gateway`?',
    ])
  })
})

describe('the enumerated values of the configuration', () => {
  it('are single words in lower case', () => {
    const words = wordsIn(CONFIG)
    expect(words).toEqual(expect.arrayContaining(['auto', 'deny', 'off', 'debug', 'gateway']))
    expect(words.filter((word) => !/^[a-z]+$/.test(word))).toEqual([])
  })
})
