import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { load } from 'js-yaml'
import { describe, expect, it, onTestFinished } from 'vitest'
import { isRecord } from '../src/common/json.ts'
import { ConfigError, readConfig } from '../src/config/read-config.ts'
import { configReference } from '../src/config/reference.ts'
import { RENAMED } from '../src/config/renamed.ts'
import { listAt, textAt, valueAt } from '../src/resources/object.ts'
import { run } from '../testing/command-line.ts'

const text = (file: string) => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')

/** Every key of version 0.1.0, with a value that it accepted. */
const KEYS_0_1_0: Readonly<Record<string, unknown>> = {
  'grpc.listeners': [
    { position: 'workload', address: '0.0.0.0:9001' },
    { position: 'gateway', address: '0.0.0.0:9003' },
  ],
  'grpc.tls': null,
  'http.address': '0.0.0.0:9002',
  protectByDefault: false,
  'limits.optOut': true,
  'limits.anonymous': false,
  'limits.shadow': true,
  'limits.exclusions': true,
  logLevel: 'info',
  'kubernetes.namespaces': [],
  'kubernetes.audiences': ['https://kubernetes.default.svc'],
  'kubernetes.issuer': null,
  'kubernetes.jwksFile': null,
  'kubernetes.opaqueTokenPrefixes': ['sha256~'],
  'kubernetes.instantRevocation': true,
  'kubernetes.kserveNamespace': 'kserve',
  'apiKeys.selector.matchLabels': { 'kserve-authz.io/credential': 'api-key' },
  'apiKeys.dataNames': ['api_key_sha256', 'api_key'],
  'apiKeys.headers': ['authorization', 'x-api-key', 'api-key'],
  'jwt.providers': [
    {
      name: 'keycloak',
      issuer: 'https://keycloak.example.com/realms/models',
      audiences: ['kserve'],
      jwksUri: 'https://keycloak.example.com/keys',
      algorithms: ['RS256'],
      from: { headers: [{ name: 'authorization', prefix: 'Bearer ' }], cookies: ['session'] },
      rbac: {
        username: { claim: 'email', prefix: 'keycloak:' },
        groups: { claim: 'groups', prefix: 'keycloak:' },
      },
    },
  ],
  'mesh.trustDomain': 'cluster.local',
  'mesh.intermediaries': ['istio-system/*', 'knative-serving/activator'],
  exclusions: {},
  'headers.user': 'x-auth-request-user',
  'headers.groups': 'x-auth-request-groups',
  'headers.method': 'x-auth-request-method',
  'headers.claims': {},
  'denial.realm': 'kubernetes-user',
  forwardCredential: 'Auto',
  corsPreflight: 'deny',
  'decisionLog.decisions': 'all',
  'metrics.perService': true,
}

/** The keys whose names or values the page of upgrades tells to change. */
const CHANGED: Readonly<Record<string, readonly [key: string, value: unknown]>> = {
  'limits.optOut': ['ownersMay.optOut', true],
  'limits.anonymous': ['ownersMay.anonymous', false],
  'limits.shadow': ['ownersMay.shadow', true],
  'limits.exclusions': ['ownersMay.exclusions', true],
  'headers.method': ['headers.credential', 'x-auth-request-method'],
  forwardCredential: ['forwardCredential', 'auto'],
}

const fileOf = (key: string, value: unknown) =>
  JSON.stringify(key.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), value))

function problemsOf(key: string, value: unknown): readonly string[] {
  try {
    readConfig({ file: { path: 'c', text: fileOf(key, value) }, env: {}, flags: {} })
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

describe('a configuration of 0.1.0', () => {
  it.each(Object.entries(KEYS_0_1_0).filter(([key]) => CHANGED[key] === undefined))(
    'is read as it is: %s',
    (key, value) => {
      expect(problemsOf(key, value)).toEqual([])
    },
  )

  it.each(Object.entries(CHANGED))(
    'is refused, and read once it is changed: %s',
    (old, changed) => {
      const [problem = '', ...others] = problemsOf(old, KEYS_0_1_0[old])
      expect(others).toEqual([])
      const renamed = [...RENAMED].find(([name]) => old.startsWith(name))?.[1]
      expect(problem).toContain(renamed === undefined ? '`auto`' : `renamed to \`${renamed}\``)
      expect(problemsOf(...changed)).toEqual([])
    },
  )

  it('cannot have a listener for both positions any more', () => {
    const listeners = [{ position: 'auto', address: '0.0.0.0:9001' }]
    expect(problemsOf('grpc.listeners', listeners)).toHaveLength(1)
    expect(text('docs/upgrade.md')).toContain('`position: auto`')
  })

  it('has no key that is gone without a new name', () => {
    const known = new Set(configReference().map(({ key }) => key))
    const gone = Object.keys(KEYS_0_1_0).filter((key) => !known.has(CHANGED[key]?.[0] ?? key))
    expect(gone).toEqual([])
  })
})

it('the command of the page names the keys that a new version does not know', async () => {
  const [, command = ''] = /^kserve-authz (check .*)$/m.exec(text('docs/upgrade.md')) ?? []
  const folder = mkdtempSync(path.join(tmpdir(), 'upgrade-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = path.join(folder, 'config.yaml')
  const args = command.replace('config.yaml', file).split(' ')
  writeFileSync(file, 'limits: {optOut: false}')
  const old = await run(...args)
  expect([old.code, old.stderr]).toEqual([2, expect.stringContaining('renamed to `ownersMay`')])
  writeFileSync(file, 'ownersMay: {optOut: false}')
  expect((await run(...args)).code).toBe(0)
})

describe('the page of upgrades', () => {
  it('names each change', () => {
    const page = text('docs/upgrade.md').split('## From 0.1.0')[1] ?? ''
    const names = Object.entries(CHANGED).flatMap(([old, [key]]) =>
      [old, key].map((name) => name.split('.')[0]),
    )
    expect(names.filter((name) => !page.includes(`\`${name}`))).toEqual([])
  })
})

describe('the CRD', () => {
  const entriesIn = (value: unknown) => (isRecord(value) ? Object.entries(value) : [])

  /** The paths of the objects from which the API server removes unknown fields. */
  const pruning = (schema: unknown, where: string): readonly string[] => {
    const [items, values] = ['items', 'additionalProperties'].map((name) => valueAt(schema, name))
    const keeps =
      valueAt(schema, 'x-kubernetes-preserve-unknown-fields') === true || values !== undefined
    return [
      ...(textAt(schema, 'type') === 'object' && !keeps ? [where] : []),
      ...entriesIn(valueAt(schema, 'properties')).flatMap(([name, each]) =>
        pruning(each, `${where}.${name}`),
      ),
      ...(items === undefined ? [] : pruning(items, `${where}[]`)),
      ...(values === undefined ? [] : pruning(values, `${where}{}`)),
    ]
  }

  it('removes no field that a later version may know, so that no rollback makes a rule admit more', () => {
    const versions = listAt(load(text('deploy/crd.yaml')), 'spec', 'versions')
    expect(versions.length).toBeGreaterThan(0)
    for (const version of versions) {
      const schema = valueAt(version, 'schema', 'openAPIV3Schema')
      expect(pruning(schema, '').filter((each) => !/^\.(?:metadata|status)/.test(each))).toEqual([])
    }
  })
})
