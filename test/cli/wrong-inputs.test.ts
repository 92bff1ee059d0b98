import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TEAM } from '../../testing/envoy/team.ts'
import { runHere } from '../../testing/in-process.ts'
import { rowsUnder } from '../../testing/markdown.ts'

const TABLE = path.join(import.meta.dirname, '../fixtures/wrong-inputs.md')

const logged = (own: object) =>
  JSON.stringify({
    time: '2026-01-01T00:00:00.000Z',
    requestId: 'r1',
    position: 'gateway',
    method: 'GET',
    host: 'sk-team.example.com',
    path: '/v1',
    decision: 'deny',
    reason: 'not-permitted',
    credentialKind: 'kubernetes',
    credential: 'team/reader',
    ...own,
  })

const caseOf = (request: string, answer = '{ decision: deny }') =>
  `cases: [{ name: one, request: ${request}, expect: ${answer} }]`
const GOOD = '{ method: GET, url: "http://a/" }'

/** By the name of a placeholder. */
const FILES = {
  'bad-config.yaml': 'logLevel: loud\n',
  'bad.yaml': 'kind: [',
  'empty.json': '{}',
  'cases/cases.yaml': caseOf(GOOD),
  'not-yaml/cases.yaml': 'cases: [',
  'no-list/cases.yaml': 'cases: {}',
  'unknown-key/cases.yaml': caseOf(GOOD.replace('url', 'hedders: {}, url')),
  'bad-reason/cases.yaml': caseOf(GOOD, '{ decision: deny, reason: not-permited }'),
  'bad-url/cases.yaml': caseOf(GOOD.replace('http://', '')),
  'bad-address/cases.yaml': caseOf(GOOD.replace('url', 'destination: pod, url')),
}
const LINES = {
  $LINE: logged({}),
  $EXPIRED: logged({ reason: 'expired-token', credentialKind: 'none', credential: '' }),
  $JWT: logged({ credentialKind: 'jwt', credential: 'https://issuer.example x' }),
  $NOHOST: logged({ host: '' }),
  $NOMETHOD: logged({ method: '' }),
  $NOADDRESS: logged({ destination: 'nowhere' }),
  $TAB: '\t',
}

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'wrong-'))
  await mkdir(path.join(folder, 'empty'))
  for (const [name, text] of Object.entries(FILES)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true })
    await writeFile(path.join(folder, name), text)
  }
})
afterAll(() => rm(folder, { recursive: true }))

const argsOf = (command: string): readonly string[] =>
  command.split(' ').map((word) =>
    Object.entries(LINES)
      .reduce((text, [name, value]) => text.replace(name, value), word)
      .replace('$TEAM', TEAM)
      .replace('$F', folder),
  )

const shown = (text: string) =>
  text.trim().replaceAll(TEAM, '$TEAM').replaceAll(folder, '$F').replaceAll('\n', '<br>')

const rows = rowsUnder(['input', 'exit code', 'stderr'], await readFile(TABLE, 'utf8')).map(
  ([input = '', code = '', message = '']) => ({ input: input.slice(1, -1), code, message }),
)
const byVerb = Map.groupBy(rows, ({ input }) => input.split(' ')[0] ?? '')

describe('wrong inputs', () => {
  it.each([...byVerb])('of %s name what is wrong and what is right', async (_verb, cases) => {
    const answers: typeof rows = []
    for (const { input } of cases) {
      const { code, stdout, stderr } = await runHere(...argsOf(input))
      expect(stdout).toBe('')
      answers.push({ input, code: `${code}`, message: shown(stderr) })
    }

    expect(answers).toEqual(cases)
    expect(cases.length).toBeGreaterThanOrEqual(20)
  })

  it('are told of every command', () => {
    const verbs = ['check', 'services', 'can', 'who-can', 'explain', 'lint', 'test', 'doctor']
    expect([...byVerb.keys()]).toEqual([...verbs, 'config'])
  })

  it.each(['check -H Authorization: Bearer a-secret GET http://a/', 'check --token=a-secret'])(
    'are never quoted where they may be a token: %s',
    async (command) => {
      const { code, stderr } = await runHere(...command.split(' '))

      expect(code).toBe(2)
      expect(stderr).not.toContain('a-secret')
    },
  )
})
