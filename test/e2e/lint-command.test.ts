import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from '../../testing/command-line.ts'

const FIXTURES = 'test/fixtures/lint'
const SECRET = 'a-key-that-nobody-should-see'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lint-'))
})
afterAll(() => rm(folder, { recursive: true }))

const FOUND = [
  'config.yaml:3:3: error InvalidConfiguration',
  'no-kind.yaml:1:1: warning NotAnObject',
  'objects.yaml:10:9: warning UnknownEnableAuthValue',
  'objects.yaml:12:5: error APIKeyRefused',
  'policy.yaml:9:7: error PolicyInvalid',
  'policy.yaml:21:9: error UnknownProvider',
]

describe.concurrent('lint', () => {
  it('names file, line, column, level and code of each finding', async () => {
    const { code, stdout, stderr } = await run('lint', FIXTURES)
    const lines = stdout.trim().split('\n')

    expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
    expect(lines.map((line) => /^[^ ]+ \w+ \w+/.exec(line)?.[0])).toEqual(
      FOUND.map((each) => `${FIXTURES}/${each}`),
    )
  })

  it.each(['examples', 'istio', 'deploy', 'envoy-gateway'])(
    'finds nothing in %s',
    async (given) => {
      expect(await run('lint', given)).toEqual({ code: 0, stdout: '', stderr: '' })
    },
  )

  it('exits with 0 below the threshold', async () => {
    const file = path.join(FIXTURES, 'no-kind.yaml')
    const [least, error] = await Promise.all([
      run('lint', file),
      run('lint', '--fail-on', 'error', file),
    ])

    expect([least.code, error.code]).toEqual([1, 0])
    expect(error.stdout).toContain('NotAnObject')
  })

  it('also finds what objects say about each other, if the folder is everything', async () => {
    const own = path.join(folder, 'complete')
    await cp(FIXTURES, own, { recursive: true })
    await rm(path.join(own, 'config.yaml'))
    await rm(path.join(own, 'no-kind.yaml'))
    const { stdout } = await run('lint', '--complete', own)

    expect(stdout).toContain(
      `${own}/policy.yaml:11:1: error TargetNotFound: AccessPolicy team/partners: not found: InferenceService irsi`,
    )
    expect(stdout.match(/UnknownProvider/g)).toHaveLength(1)
  })

  it('quotes nothing of a file that does not parse', async () => {
    const file = path.join(folder, 'broken.yaml')
    await writeFile(file, `kind: Secret\nstringData: {api_key: ${SECRET}\n`)
    const { stdout, stderr } = await run('lint', file)

    expect(stdout).toMatch(/broken\.yaml:3:1: error UnreadableFile: \S/)
    expect(stdout + stderr).not.toContain(SECRET)
  })

  it('uses the configuration of --config for every object', async () => {
    const config = path.join(folder, 'partner.yaml')
    const provider = { name: 'partner', issuer: 'https://a.example', audiences: ['b'] }
    await writeFile(config, JSON.stringify({ jwt: { providers: [provider] } }))
    const { stdout } = await run('lint', '--config', config, path.join(FIXTURES, 'policy.yaml'))

    expect(stdout).not.toContain('UnknownProvider')
  })

  it('writes JSON, JUnit and SARIF for programs', async () => {
    const [json, junit, sarif] = await Promise.all(
      ['json', 'junit', 'sarif'].map(async (output) => {
        const { stdout } = await run('lint', FIXTURES, '-o', output)
        return stdout
      }),
    )

    expect(JSON.parse(json ?? '')).toMatchObject([
      { code: 'InvalidConfiguration', line: 3, column: 3, level: 'error' },
      ...FOUND.slice(1).map(() => ({ help: expect.stringContaining('docs/lint.md#') })),
    ])
    expect(junit).toContain(`<testsuite name="kserve-authz lint" tests="6" failures="6">`)
    expect(JSON.parse(sarif ?? '')).toMatchObject({
      version: '2.1.0',
      runs: [
        {
          results: [
            {
              ruleId: 'InvalidConfiguration',
              level: 'error',
              locations: [{ physicalLocation: { region: { startLine: 3, startColumn: 3 } } }],
            },
            ...FOUND.slice(1).map(() => ({ message: {} })),
          ],
        },
      ],
    })
  })

  it.each([
    ['a missing path', ['lint', 'not-there'], 'not-there'],
    ['an unknown level', ['lint', '--fail-on', 'fatal', FIXTURES], 'info, warning, error'],
    ['several folders as everything', ['lint', '--complete', 'a', 'b'], 'give one folder'],
  ])('exits with 2 for %s', async (_title, args, told) => {
    const { code, stdout, stderr } = await run(...args)

    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(told)
  })
})
