import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from '../../testing/command-line.ts'
import { TEAM } from '../../testing/envoy/team.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'cases-'))
})
afterAll(() => rm(folder, { recursive: true }))

const EXAMPLE = 'examples/in-cluster-clients'

async function testOf(name: string, text: string, ...args: readonly string[]) {
  const own = await mkdtemp(path.join(folder, 'case-'))
  await writeFile(path.join(own, name), text)
  return run('test', own, '--manifests', TEAM, ...args)
}

const WRONG = `
cases:
  - name: everybody may call sk
    request: { method: GET, url: http://sk-team.example.com/ }
    expect: { decision: allow }
  - name: a key opens bare
    request: { method: GET, url: http://bare-team.example.com/, asKey: team/key-of-alice }
    expect:
      decision: allow
      target: InferenceService team/bare
      set: { x-auth-request-user: bob }
      remove: [cookie]
`

describe.concurrent('test', () => {
  it('decides the cases of a folder, and counts the rules that matched', async () => {
    const { code, stdout, stderr } = await run('test', EXAMPLE)

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('4 cases, 0 failed; 1 of 1 rules matched\n')
  })

  it('shows each difference with the steps, and exits with 1', async () => {
    const { code, stdout } = await testOf('wrong.cases.yaml', WRONG)

    expect(code).toBe(1)
    expect(stdout).toContain(
      'FAILED everybody may call sk\n  decision: expected allow, found deny\n',
    )
    expect(stdout).toContain('  credential: none\n')
    expect(stdout).toContain('  header x-auth-request-user: expected bob, found alice\n')
    expect(stdout).toContain('  header cookie: expected to be removed\n')
    expect(stdout).toContain('2 cases, 2 failed; 0 of 0 rules matched\n')
  })

  it('writes JUnit', async () => {
    const { stdout } = await testOf('cases.yaml', WRONG, '-o', 'junit')

    expect(stdout).toContain('<testsuite name="kserve-authz test" tests="2" failures="2">')
    expect(stdout).toContain('message="decision: expected allow, found deny"')
  })

  it('names rules that never matched', async () => {
    const own = await mkdtemp(path.join(folder, 'case-'))
    const request = 'request: { method: GET, url: "http://fraud-predictor.alice/" }'
    await writeFile(
      path.join(own, 'cases.yaml'),
      `cases: [{ name: a, ${request}, expect: { decision: deny } }]`,
    )
    const { stdout } = await run('test', own, '--manifests', `${EXAMPLE}/manifests`)

    expect(stdout).toContain('never matched: alice/fraud-for-the-profile, allow[0]')
  })

  it.each([
    ['a folder without cases', 'a.yaml', 'cases: []', 'no cases.yaml'],
    ['an unknown key', 'cases.yaml', WRONG.replace('name: e', 'nam: e'), 'cases[0].nam: unknown'],
    [
      'an unknown reason',
      'cases.yaml',
      WRONG.replace('decision: allow }', 'decision: deny, reason: not-permited }'),
      'did you mean `not-permitted`?',
    ],
    ['a file that is not YAML', 'cases.yaml', 'cases: [', 'not YAML'],
    ['a case without a URL', 'cases.yaml', 'cases: [{}]', 'cases[0].request: expected an object'],
  ])('exits with 2 for %s', async (_title, name, text, told) => {
    const { code, stdout, stderr } = await testOf(name, text)

    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(told)
  })
})
