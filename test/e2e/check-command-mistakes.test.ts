import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from '../../testing/command-line.ts'
import { TEAM } from '../../testing/envoy/team.ts'

const URL = 'http://sk-team.example.com/'
const GOOD = ['--manifests', TEAM, 'GET', URL]

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'check-'))
})
afterAll(() => rm(folder, { recursive: true }))

const file = async (name: string, text: string): Promise<string> => {
  const written = path.join(folder, name)
  await mkdir(path.dirname(written), { recursive: true })
  await writeFile(written, text)
  return written
}

/** A usage error exits with 2, unlike a denial; stdout stays empty, and no stack trace is shown. */
async function complaintOf(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(...args)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).not.toMatch(/^ +at /m)
  return stderr
}

describe.concurrent('a usage error exits with 2 and is reported:', () => {
  it.each([
    [
      'an unknown flag, with a suggestion',
      ['check', '--manifest', 'x', 'GET', URL],
      '--manifests?',
    ],
    ['an unknown command, with a suggestion', ['chekc'], 'check?'],
    ['a method without a URL', ['check', '--manifests', TEAM, 'GET'], 'METHOD and URL'],
    ['no URL', ['check', '--manifests', TEAM, 'GET', 'sk-team.example.com'], 'URL: expected'],
    ['an unknown position', ['check', '--position', 'here', ...GOOD], 'workload, gateway'],
    [
      'a pod that is not an address',
      ['check', '--destination', 'pod:80', ...GOOD],
      '--destination:',
    ],
    ['a header without a colon', ['check', '-H', 'accept', ...GOOD], '"name: value"'],
    ['a request in two forms', ['check', '--request', 'x.json', ...GOOD], '--request FILE'],
    ['a group without a user', ['check', '--as-group', 'a', ...GOOD], '--as-group: needs --as'],
    [
      'a user and a key to assume',
      ['check', '--as', 'a', '--as-key', 'a/b', ...GOOD],
      'give one of them',
    ],
    [
      'a user to assume beside a credential',
      ['check', '--as', 'a', '-H', 'authorization: Bearer a', ...GOOD],
      'leave its header out',
    ],
    [
      'an unknown key to assume',
      ['check', '--as-key', 'team/key-of-alic', ...GOOD],
      'did you mean `team/key-of-alice`?',
    ],
    ['a namespace of a folder', ['check', '-n', 'team', ...GOOD], '--namespace: has no effect'],
    ['a missing file of headers', ['check', '-H', '@not-there', ...GOOD], 'not-there'],
    ['neither a folder nor a cluster', ['check', 'GET', URL], '--manifests'],
    [
      'a missing folder',
      ['check', '--manifests', 'not-there', 'GET', URL],
      'no such file or folder',
    ],
    [
      'a missing request file',
      ['check', '--manifests', TEAM, '--request', 'not-there'],
      'not-there',
    ],
    ['a missing configuration file', ['check', '--config', 'not-there', ...GOOD], 'not-there'],
    [
      'a request that is not JSON',
      ['check', '--manifests', TEAM, '--request', 'Makefile'],
      'not JSON',
    ],
    [
      'a request that is not a CheckRequest',
      ['check', '--manifests', TEAM, '--request', 'package.json'],
      'package.json: name: unknown field of a CheckRequest',
    ],
  ])('%s', async (_title, args, told) => {
    expect(await complaintOf(...args)).toContain(told)
  })

  it('a header option next to a request file', async () => {
    const request = await file('request.json', JSON.stringify(REQUEST))
    const told = await complaintOf(
      'check',
      '--manifests',
      TEAM,
      '-H',
      'accept: a',
      '--request',
      request,
    )

    expect(told).toContain('--request FILE')
  })

  const REQUEST = { attributes: { request: { http: { method: 'GET', path: '/', host: 'a' } } } }
})

describe.concurrent('an invalid configuration exits with 2', () => {
  it('and all its problems are reported at once', async () => {
    const config = await file(
      'config.yaml',
      [
        'logLevel: loud',
        'ownerMay: {}',
        'apiKeys:',
        '  header: [x]',
        'forwardCredential: Perhaps',
      ].join('\n'),
    )
    const told = await complaintOf('check', '--config', config, ...GOOD)

    for (const key of ['logLevel', 'ownerMay', 'apiKeys.header', 'forwardCredential'])
      expect(told).toContain(`${config}: ${key}: `)
    expect(told).toContain('ownersMay')
    expect(told).toContain('headers')
  })
})

describe.concurrent('manifests that do not parse exit with 2', () => {
  const SECRET = 'a-key-that-nobody-should-see'

  it.each([
    ['a flow mapping that is not closed', `kind: Secret\nstringData: {api_key: ${SECRET}\n`, 3],
    ['an alias', `kind: Secret\na: &${SECRET} b\nc: *${SECRET}\n`, 3],
    ['a second document', `kind: List\n---\nkind: Secret\na: "${SECRET}\n`, 5],
  ])('and file, line and column are reported, never the text: %s', async (title, text, line) => {
    const name = `${title.replaceAll(' ', '-')}/deep/broken.yaml`
    await file(name, text)
    const manifests = path.join(folder, name.split('/')[0] ?? '')
    const told = await complaintOf('check', '--manifests', manifests, 'GET', URL)

    expect(told).toMatch(new RegExp(`deep/broken\\.yaml: line ${line}, column \\d+: \\S`))
    expect(told).not.toContain(SECRET)
  })
})
