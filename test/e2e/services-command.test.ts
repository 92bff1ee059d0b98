import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { load } from 'js-yaml'
import { describe, expect, it } from 'vitest'
import { changing, serviceNamed } from '../../testing/changing.ts'
import { run } from '../../testing/command-line.ts'
import { aCheck, checkClient } from '../../testing/envoy/check-client.ts'
import { TEAM } from '../../testing/envoy/team.ts'
import { folderOf } from '../../testing/folder-of.ts'
import { startService } from '../../testing/service.ts'
import { watching } from '../../testing/watching.ts'

const shell = (script: string) =>
  promisify(execFile)('sh', ['-c', script], { cwd: path.join(import.meta.dirname, '../..') })

const PATIENCE = { timeout: 60_000, interval: 20 }
const PROFILES = 'examples/in-cluster-clients/manifests'
const ROWS = [
  ['bare', 'protected'],
  ['flow', 'protected'],
  ['open', 'open'],
  ['sk', 'protected'],
]

const rowsIn = (text: string) =>
  text
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(/ {3,}/))

describe.concurrent('services', () => {
  it('lists each service with its protection', async () => {
    const { code, stdout, stderr } = await run('services', '--manifests', TEAM)

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(rowsIn(stdout).map((row) => [row[1], row[3]])).toEqual(ROWS)
  })

  it('says which models are open', async () => {
    const { stdout } = await run('services', '--manifests', TEAM, '--open')

    expect(rowsIn(stdout).map((row) => row[1])).toEqual(['open'])
  })

  it.each([
    ['json', JSON.parse],
    ['yaml', load],
  ] as const)('prints %s for programs', async (output, parse) => {
    const { stdout } = await run('services', '--manifests', PROFILES, '-o', output)
    const rows: unknown = parse(stdout)

    expect(rows).toMatchObject([
      { name: 'fraud', policies: [{ name: 'fraud-for-the-profile', enforced: 'Enforced' }] },
      { name: 'reports' },
    ])
  })

  it('says who may call each', async () => {
    const [team, profiles] = await Promise.all(
      [TEAM, PROFILES].map((folder) => run('services', '--manifests', folder, '--callers')),
    )

    expect(rowsIn(team?.stdout ?? '').map((row) => [row[1], row[7]])).toEqual([
      ['bare', 'ServiceAccount team/reader'],
      ['flow', 'ServiceAccount team/reader'],
      ['open', 'everybody'],
      ['sk', 'ServiceAccount team/reader'],
    ])
    expect(profiles?.stdout).toMatch(/ fraud .* rules of policy fraud-for-the-profile\n/)
  })

  it('lists one namespace', async () => {
    const { stdout } = await run('services', '--manifests', TEAM, '-n', 'lab')

    expect(stdout).toBe('no services\n')
  })
})

describe('services of which the annotation is misspelt', () => {
  it('are marked, and the message is told once', async () => {
    const annotations = { 'security.opendatahub.io/enable-auht': 'true' }
    const { metadata, ...rest } = serviceNamed('iris')
    const misspelt = { ...rest, metadata: { ...metadata, annotations } }
    const { root, remove } = await folderOf([misspelt])
    try {
      const [table, json] = await Promise.all([
        run('services', '--manifests', root),
        run('services', '--manifests', root, '-o', 'json'),
      ])

      expect(table.stdout).toMatch(/ open +no annotation and no policy \(1 problem\) /)
      expect(table.stderr.match(/has no effect; did you mean/g)).toHaveLength(1)
      expect(JSON.parse(json.stdout)).toMatchObject([
        {
          problems: [
            expect.stringContaining('"security.opendatahub.io/enable-auht" has no effect'),
          ],
        },
      ])
    } finally {
      await remove()
    }
  })
})

describe('services --replica', () => {
  it('shows the last denial that a replica has answered', async () => {
    const service = await startService({ folder: TEAM })
    const client = checkClient(service.grpcPort)
    const replica = ['--replica', `http://127.0.0.1:${service.httpPort}`]
    const shown = (...args: readonly string[]) =>
      run('services', '--manifests', TEAM, ...replica, ...args)
    try {
      await expect.poll(() => client.health(''), PATIENCE).toMatchObject({ status: 'SERVING' })
      await client.check(aCheck({ host: 'sk-team.example.com' }))
      const [table, wide, json] = await Promise.all([
        shown(),
        shown('-o', 'wide'),
        shown('-o', 'json'),
      ])

      expect(rowsIn(table.stdout).map((row) => [row[1], row[7]])).toEqual([
        ['bare', '-'],
        ['flow', '-'],
        ['open', '-'],
        ['sk', expect.stringMatching(/^20[\d-]+T[\d:.]+Z missing-credential, gateway$/)],
      ])
      expect(wide.stdout).toMatch(/KEYS +LAST DENIAL +GUARD +ROUTES +PROBLEMS\n/)
      expect(JSON.parse(json.stdout)).toMatchObject([
        { name: 'bare', lastDenial: null },
        { name: 'flow', lastDenial: null },
        { name: 'open', lastDenial: null },
        { name: 'sk', lastDenial: { reason: 'missing-credential', position: 'gateway' } },
      ])
    } finally {
      client.close()
      await service.stop()
    }
  })

  it('of a replica that does not answer exits with 3, and lists nothing', async () => {
    const { code, stdout, stderr } = await run(
      'services',
      '--manifests',
      TEAM,
      '--replica',
      'http://127.0.0.1:1',
    )

    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(stderr).toContain('http://127.0.0.1:1/denials: no answer (')
  })
})

describe('services --watch', () => {
  it('shows each service again that changes, and ends with 0 at a signal', async () => {
    const { root, remove } = await folderOf([serviceNamed('iris')])
    const folder = changing(root)
    const watch = watching({}, 'services', '--watch', '--manifests', root)
    try {
      expect(await watch.printed(/iris .*/)).toMatch(/ open +no annotation and no policy/)
      await folder.write('all.yaml', serviceNamed('iris', 'true'))
      await watch.printed(/^team +iris +InferenceService +protected +annotation enable-auth/m)
      await folder.write('other.yaml', serviceNamed('other', 'true'))
      await watch.printed(/^team +other .* protected /m)
      await folder.remove('all.yaml')
      await watch.printed(/^team +iris .* deleted /m)
    } finally {
      await watch.stop()
      await remove()
    }
    expect(await watch.ended).toBe('the watch ended with exit code 0')
    expect(watch.text.stdout.split('\n')).toHaveLength(6)
  })

  it('of a file that becomes invalid says what is wrong, and goes on', async () => {
    const { root, remove } = await folderOf([serviceNamed('iris', 'true')])
    const watch = watching({}, 'services', '-w', '-o', 'json', '--manifests', root)
    try {
      await watch.printed(/"name":"iris".*"protection":"protected"/)
      await changing(root).write('all.yaml', 'kind: [')
      await watch.printed(/"name":"iris".*"protection":"lost"/)
      await watch.printed(/^not read: cannot be read: all\.yaml$/m, 'stderr')
    } finally {
      await watch.stop()
      await remove()
    }
  })
})

describe('a reader of the output that has gone', () => {
  it('ends a command without a stack trace', async () => {
    const names = Array.from({ length: 2_000 }, (_, index) => serviceNamed(`model-${index}`))
    const { root, remove } = await folderOf(names)
    const line = `"${process.execPath}" src/main.ts services -o json --manifests "${root}"`
    const script = `{ ${line}; echo "code $?" >&2; } | head -c 1`
    const { stderr } = await shell(script)
    await remove()

    expect(stderr).toBe('code 141\n')
  })
})

describe.concurrent('can', () => {
  it('says yes and exits with 0', async () => {
    const user = 'system:serviceaccount:team:reader'
    const { code, stdout } = await run('can', user, 'isvc/team/sk', '--manifests', TEAM)

    expect(code).toBe(0)
    expect(stdout).toMatch(/^yes: .* POST \/v1\/models\/sk:predict at InferenceService team\/sk\n/)
  })

  it('says no, and what would allow it, and exits with 1', async () => {
    const { code, stdout } = await run('can', 'ada', 'get', 'team/sk', '--manifests', TEAM)

    expect(code).toBe(1)
    expect(stdout).toMatch(/^no, not-permitted: ada GET /)
    expect(stdout).toContain('kubectl create rolebinding')
  })

  it('asks the rules of policies about the path', async () => {
    const user = 'system:serviceaccount:bob:default-editor'
    const args = [user, 'alice/fraud', '--path', '/v2/models/fraud/infer'] as const
    const { stdout } = await run('can', ...args, '--manifests', PROFILES)

    expect(stdout).toContain('operation: POST /v2/models/fraud/infer')
    expect(stdout).toContain('no, by from[0].serviceAccounts')
  })
})

describe.concurrent('who-can', () => {
  it('lists the subjects that RBAC allows, and the keys', async () => {
    const { stdout } = await run('who-can', 'team/sk', '--manifests', TEAM)

    expect(stdout).toContain(
      '  ServiceAccount team/reader (RoleBinding team/reader-reads-services)',
    )
    expect(stdout).toContain('  Secret team/key-of-alice: alice')
    expect(stdout).toContain('(expired)')
  })

  it('lists the rules of policies', async () => {
    const { stdout } = await run('who-can', 'alice/fraud', '--manifests', PROFILES)

    expect(stdout).toContain('policy fraud-for-the-profile allows:\n  from serviceAccounts')
  })

  it('says that everybody may call an open service', async () => {
    const { stdout } = await run('who-can', 'team/open', '--manifests', TEAM)

    expect(stdout).toContain('everybody may call it')
  })
})

describe.concurrent('a usage error exits with 2 and is reported:', () => {
  it.each([
    ['an unknown service', ['who-can', 'team/skk'], 'did you mean team/sk?'],
    ['a service without a namespace', ['who-can', 'sk'], 'expected [KIND/]NAMESPACE/NAME'],
    ['an unknown kind', ['can', 'ada', 'pod/team/sk'], 'expected [KIND/]NAMESPACE/NAME'],
    ['a user without a service', ['can', 'ada'], 'missing required argument'],
    ['an unknown output', ['services', '-o', 'xml'], 'table, wide, json, yaml'],
    ['an installation of a folder', ['services', '--installation', 'a/b'], 'has no effect'],
  ])('%s', async (_title, args, told) => {
    const { code, stdout, stderr } = await run(...args, '--manifests', TEAM)

    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(told)
  })
})
