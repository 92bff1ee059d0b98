import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run, runWith } from '../../testing/command-line.ts'
import { captures } from '../../testing/envoy/captures.ts'
import { TEAM } from '../../testing/envoy/team.ts'
import { KEYS, TOKENS } from '../../testing/issuers/credentials.ts'

const SK = 'http://sk-team.example.com/v1/models/m'
const BARE = 'http://bare-team.example.com/v1/models/m'
const ALICE = ['-H', `X-Api-Key: ${KEYS.alice}`]

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'check-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** Writes a file and returns its path. */
const file = async (name: string, text: string): Promise<string> => {
  const written = path.join(folder, name)
  await writeFile(written, text)
  return written
}

const check = (...args: readonly string[]) => run('check', '--manifests', TEAM, ...args)

/** Its JSON output. */
async function answer(...args: readonly string[]): Promise<unknown> {
  const { stdout } = await check('-o', 'json', ...args)
  return JSON.parse(stdout)
}

describe.concurrent('check', () => {
  it('exits with 0 on allow, and explains it', async () => {
    const { code, stdout, stderr } = await check(...ALICE, 'GET', BARE)

    expect(code).toBe(0)
    expect(stdout.split('\n')).toEqual([
      'configuration: defaults',
      'ALLOW',
      '  target: InferenceService team/bare, at a gateway',
      '  credential: one, in x-api-key',
      '  caller: alice (api-key team/key-of-alice)',
      '  scope of the key: yes',
      '  sets x-auth-request-user: alice',
      '  sets x-auth-request-groups: gold,beta',
      '  sets x-auth-request-groups-json: ["gold","beta"]',
      '  sets x-auth-request-credential: api-key',
      '  sets x-gateway-inference-fairness-id: alice',
      '  removes x-gateway-inference-objective, x-api-key',
      '',
    ])
    expect(stderr).toBe('')
  })

  it('exits with 1 on deny, and explains it', async () => {
    const { code, stdout, stderr } = await check('POST', SK)

    expect(code).toBe(1)
    expect(stdout).toMatch(
      /^configuration: defaults\nDENY 401 missing-credential\n {2}target: InferenceService team\/sk/,
    )
    expect(stderr).toBe('')
  })

  it('prints JSON for programs, and nothing else on stdout', async () => {
    const broken = path.join(folder, 'with-a-problem')
    await cp(TEAM, broken, { recursive: true })
    await writeFile(path.join(broken, 'key.yaml'), EMPTY_KEY)
    const { stdout, stderr } = await run('check', '--manifests', broken, '-o', 'json', 'GET', SK)

    expect(JSON.parse(stdout)).toEqual({
      configuration: 'defaults',
      decision: 'deny',
      reason: 'missing-credential',
      httpStatus: 401,
      target: 'InferenceService team/sk',
      position: 'gateway',
      steps: ['target: InferenceService team/sk, at a gateway', 'credential: none'],
      headers: {
        set: {
          'x-ext-auth-reason': 'credential not found',
          'www-authenticate': 'Bearer realm="kubernetes-user"',
          'content-type': 'application/json',
        },
        remove: [],
      },
    })
    expect(stderr).toMatch(/^Secret team\/empty: .*is empty/)
  })

  it('reports the problems of objects in the namespace of the target only', async () => {
    const broken = path.join(folder, 'with-problems-elsewhere')
    await cp(TEAM, broken, { recursive: true })
    await writeFile(path.join(broken, 'team.yaml'), EMPTY_KEY)
    await writeFile(path.join(broken, 'lab.yaml'), EMPTY_KEY.replace('space: team', 'space: lab'))
    const { stderr } = await run('check', '--manifests', broken, 'GET', SK)

    expect(stderr).toContain('Secret team/empty: ')
    expect(stderr).not.toContain('Secret lab/empty: ')
  })

  const EMPTY_KEY = `
    apiVersion: v1
    kind: Secret
    metadata:
      name: empty
      namespace: team
      labels: { kserve-authz.io/credential: api-key }
    stringData: { api_key: "" }
  `

  it.each([
    ['the path, byte for byte', ['GET', 'http://sk-team.example.com/a/../healthz'], 'deny'],
    ['the path up to `?`', ['GET', 'http://sk-team.example.com/healthz?x=1'], 'allow'],
    ['the host, as a gateway does', ['GET', 'http://SK-Team.Example.Com:80/healthz'], 'allow'],
    ['the pod', ['--destination', '127.0.0.11:8080', 'GET', 'http://any.example/metrics'], 'allow'],
    ['the position', ['--position', 'workload', 'GET', 'http://open.team/'], 'deny'],
    [
      'the caller, from its certificate',
      [
        '--destination',
        '127.0.0.11:8080',
        '--source',
        '127.0.0.12',
        '--principal',
        'spiffe://cluster.local/ns/team/sa/default',
        'GET',
        SK,
      ],
      'allow',
    ],
    ['a repeated header', [...ALICE, ...ALICE, 'GET', SK], 'deny'],
  ])('reads %s', async (_title, args, decision) => {
    expect(await answer(...args)).toMatchObject({ decision })
  })

  it.each([
    ['http1-get', 'unknown-api-key', 'InferenceService team/sk', 'gateway'],
    ['tcp-plain', 'unsupported-request', null, null],
    [
      'http1-duplicate-authorization-rawheaders',
      'ambiguous-credential',
      'InferenceService team/sk',
      'gateway',
    ],
  ])('reads a captured request: %s', async (name, reason, target, position) => {
    const { message } = captures().find((capture) => capture.name === name) ?? {}
    const request = await file(`${name}.json`, JSON.stringify(message))

    expect(await answer('--request', request)).toMatchObject({ reason, target, position })
  })

  it('reads bytes in the notation of the captures', async () => {
    const bytes = { $utf8: 'Bearer one', $base64: 'QmVhcmVyIG9uZQ==' }
    const headers = [{ key: 'authorization', raw_value: bytes }]
    const http = { method: 'GET', path: '/', host: 'sk-team.example.com', header_map: { headers } }
    const request = await file('bytes.json', JSON.stringify({ attributes: { request: { http } } }))

    expect(await answer('--request', request)).toMatchObject({ reason: 'unknown-api-key' })
  })

  it.each([
    [
      'an unknown host',
      ['GET', 'http://sk-tem.example.com/'],
      'no service has the host sk-tem.example.com; did you mean sk-team.example.com',
    ],
    [
      'an unknown pod',
      ['--destination', '127.9.9.9', 'GET', SK],
      'no pod of a service has the address 127.9.9.9',
    ],
    [
      'an expired key',
      ['-H', `x-api-key: ${KEYS.lastYear}`, 'GET', BARE],
      'the key of Secret team/key-of-last-year expired at 2025-12-31T23:59:59',
    ],
    [
      'an expired key that is assumed',
      ['--as-key', 'team/key-of-last-year', 'GET', BARE],
      'the key of Secret team/key-of-last-year expired at 2025-12-31T23:59:59',
    ],
    [
      'the key of another service',
      ['--as-key', 'team/key-of-another-service', 'GET', BARE],
      'the key of Secret team/key-of-another-service opens only open',
    ],
    [
      'a missing permission',
      ['--as', 'system:serviceaccount:team:ada', 'GET', SK],
      'kubectl create rolebinding call-sk --namespace=team --role=call-sk --serviceaccount=team:ada',
    ],
  ])('says what a denial is about: %s', async (_title, args, hint) => {
    expect((await check(...args)).stdout).toContain(hint)
  })

  it('decides about the holder of a key, without the key', async () => {
    const { code, stdout } = await check('--as-key', 'team/key-of-alice', 'GET', BARE)

    expect(code).toBe(0)
    expect(stdout).toContain('caller: alice (api-key team/key-of-alice)')
  })

  it('decides about a user and its groups, without a token', async () => {
    const { stdout } = await check('--as', 'ada', '--as-group', 'gold', 'GET', SK)

    expect(stdout).toContain('caller: ada (kubernetes ada)')
  })

  it('reads headers from a file and from stdin, and a request from stdin', async () => {
    const header = `X-Api-Key: ${KEYS.alice}\n`
    const named = await file('header', header)
    const http = { method: 'GET', path: '/', host: 'open-team.example.com' }
    const request = JSON.stringify({ attributes: { request: { http } } })
    const piped = (input: string, ...args: readonly string[]) =>
      runWith({ input }, 'check', '--manifests', TEAM, ...args)
    const outputs = await Promise.all([
      check('-H', `@${named}`, 'GET', BARE),
      piped(header, '-H', '@-', 'GET', BARE),
      piped(request, '--request', '-'),
    ])

    expect(outputs.map(({ code }) => code)).toEqual([0, 0, 0])
  })

  it.each([
    ['--principal at a gateway', ['--principal', 'spiffe://a'], '--principal: has no effect'],
    ['--source at a gateway', ['--source', '127.0.0.1'], '--source: has no effect'],
    ['a position without its pod', ['--position', 'workload'], 'needs --destination'],
  ])('says which option has no effect: %s', async (_title, args, told) => {
    expect((await check(...args, 'GET', SK)).stderr).toContain(told)
  })

  it('prints no key or token, whatever place it was in', async () => {
    const secrets = [...Object.values(KEYS), ...Object.values(TOKENS)]
    const many = secrets.flatMap((secret) => ['-H', `cookie: a=${secret}`, '-H', `a: ${secret}`])
    const [key, , , other, reader, stranger] = secrets
    const outputs = await Promise.all([
      check(...many, '-H', `x-api-key: ${key}`, 'GET', `${BARE}?key=${other}`),
      check(...many, '-H', `Authorization: Bearer ${reader}`, '-o', 'json', 'GET', BARE),
      check('-H', `x-api-key ${stranger}`, 'GET', BARE),
    ])

    const printed = outputs.map(({ stdout, stderr }) => stdout + stderr).join('')
    expect(secrets.filter((secret) => printed.includes(secret))).toEqual([])
  })
})
