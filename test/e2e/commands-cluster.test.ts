import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Cluster } from '../../testing/cluster/cluster.ts'
import { inferenceService } from '../../testing/cluster/rbac.ts'
import { startUsers } from '../../testing/cluster/users.ts'
import { runWith } from '../../testing/command-line.ts'
import { watching } from '../../testing/watching.ts'

const READER = 'system:serviceaccount:team:reader'

let cluster: Cluster
let admin: string
let owner: string
let nobody: string
let cases: string

const CASES = `
cases:
  - name: the reader may
    request: { method: GET, url: http://iris.team.svc/v1/models/iris, as: ${READER} }
    expect: { decision: allow, target: InferenceService team/iris }
  - name: ada may not
    request: { method: GET, url: http://iris.team.svc/v1/models/iris, as: ada }
    expect: { decision: deny, reason: not-permitted }
`

beforeAll(async () => {
  ;({ cluster, admin, owner, nobody } = await startUsers())
  cases = path.join(cluster.site.folder, 'cases')
  await mkdir(cases)
  await writeFile(path.join(cases, 'cases.yaml'), CASES)
})
afterAll(() => cluster?.stop())

const command = (KUBECONFIG: string, ...args: readonly string[]) =>
  runWith({ env: { KUBECONFIG } }, ...args)

/** A line of the decision log. */
const LINE = JSON.stringify({
  time: '2026-01-01T00:00:00.000Z',
  requestId: 'r1',
  namespace: 'team',
  name: 'iris',
  position: 'gateway',
  method: 'GET',
  host: 'iris.team.svc',
  path: '/v1/models/iris',
  decision: 'deny',
  reason: 'not-permitted',
  credentialKind: 'kubernetes',
  credential: 'team/reader',
})

describe('services, can and who-can', () => {
  it('show an admin everything', async () => {
    const [all, open, yes, who] = await Promise.all([
      command(admin, 'services', '-A', '--callers'),
      command(admin, 'services', '--open'),
      command(admin, 'can', 'system:serviceaccount:team:reader', 'team/iris'),
      command(admin, 'who-can', 'team/iris'),
    ])

    expect(all.stdout).toMatch(/^lab +silent .* protected +default of the installation/m)
    expect(all.stdout).toMatch(
      /^team +iris .* protected +annotation enable-auth .* 1 +ServiceAccount team\/owner, ServiceAccount team\/reader, .* and \d+ more$/m,
    )
    expect(open.stdout).toBe('no services\n')
    expect(yes.stdout).toMatch(/^yes: /)
    expect(who.stdout).toContain('  ServiceAccount team/reader (RoleBinding team/readers)')
  })

  it('show an owner its namespace', async () => {
    const [all, no] = await Promise.all([
      command(owner, 'services', '-n', 'team'),
      command(owner, 'can', 'ada', 'team/iris', '-n', 'team'),
    ])

    expect(all.stdout).toMatch(/^team +iris .* protected +annotation enable-auth/m)
    expect(all.stderr).toContain('not read: missing permission: list and watch configmaps')
    expect(no.stdout).toMatch(/^no, not-permitted: /)
  })

  it('lint finds what the service would report', async () => {
    const { code, stdout } = await command(admin, 'lint')

    expect(code).toBe(1)
    expect(stdout).toContain('error APIKeyRefused: Secret team/empty: ')
  })

  it.each([
    ['who-can', 'team/iris'],
    ['services', '--callers'],
  ])('name the permission that is missing: %s %s', async (...args) => {
    const { code, stdout, stderr } = await command(owner, ...args, '-n', 'team')

    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(stderr).toMatch(/missing permission: list (cluster)?role(s|bindings)\./)
  })
})

describe('explain', () => {
  it('decides a past request with the present objects, for an admin', async () => {
    const { code, stdout } = await command(admin, 'explain', LINE)

    expect(code).toBe(0)
    expect(stdout).toContain('\nnow: ALLOW\n')
    expect(stdout).toContain('changed: the decision, from DENY not-permitted to ALLOW')
  })

  it('decides for an owner in its namespace, and says what is not read', async () => {
    const { code, stdout } = await command(owner, 'explain', '-n', 'team', LINE)

    expect(code).toBe(0)
    expect(stdout).toContain('\n  looked at: namespace team only\n')
    expect(stdout).toContain('not read: missing permission: list and watch configmaps')
  })

  it('does not decide about a host that may be a service elsewhere', async () => {
    const line = LINE.replace('iris.team.svc', 'x.example.com')
    const { code, stdout, stderr } = await command(owner, 'explain', '-n', 'team', line)

    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(stderr).toContain('cannot decide, unknown-target')
  })
})

describe('test --cluster', () => {
  it('decides the cases with the objects of the cluster, for an admin', async () => {
    const { code, stdout } = await command(admin, 'test', cases, '--cluster')

    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: 'ok the reader may\nok ada may not\n2 cases, 0 failed; 0 of 0 rules matched\n',
    })
  })

  it('decides those of an owner in its namespace, and says what is not read', async () => {
    const { code, stdout, stderr } = await command(owner, 'test', cases, '--cluster', '-n', 'team')

    expect(code).toBe(0)
    expect(stdout).toContain('2 cases, 0 failed')
    expect(stderr).toContain('not read: missing permission: list and watch configmaps')
  })
})

describe('lint', () => {
  it('examines the namespace of an owner, and says what is not read', async () => {
    const { code, stdout, stderr } = await command(owner, 'lint', '-n', 'team')

    expect(code).toBe(1)
    expect(stdout).toContain('error APIKeyRefused: Secret team/empty: ')
    expect(stderr).toContain('not read: missing permission: list and watch configmaps')
  })
})

describe('without permission', () => {
  it.each([
    ['services', []],
    ['services --watch', []],
    ['can', ['ada', 'team/iris']],
    ['who-can', ['team/iris']],
    ['explain', [LINE]],
    ['lint', []],
    ['test --cluster', []],
  ])('%s prints nothing on stdout and names what is missing', async (verb, args) => {
    const own =
      verb === 'test --cluster' ? ['test', cases, '--cluster'] : [...verb.split(' '), ...args]
    const { code, stdout, stderr } = await command(nobody, ...own)
    const within = await command(nobody, ...own, '-n', 'team')

    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(stderr).toContain('missing permission: get deployments.apps kserve-authz')
    expect({ code: within.code, stdout: within.stdout }).toEqual({ code: 3, stdout: '' })
    expect(within.stderr).toContain('missing permission: list and watch secrets in namespace team')
  })
})

describe('services --watch', () => {
  it('shows a change of the cluster to an owner, and ends at a signal', async () => {
    const watch = watching({ KUBECONFIG: owner }, 'services', '--watch', '-n', 'team')
    try {
      await watch.printed(/^team +iris .* protected /m)
      await cluster.create(inferenceService('team', 'new', {}))
      await watch.printed(/^team +new .* open /m)
      const changed = inferenceService('team', 'new')
      await cluster.patch(changed, { metadata: { annotations: changed.metadata.annotations } })
      await watch.printed(/^team +new .* protected +annotation enable-auth/m)
      await cluster.delete(changed)
      await watch.printed(/^team +new .* deleted /m)
    } finally {
      await watch.stop()
    }
    expect(await watch.ended).toBe('the watch ended with exit code 0')
  })
})
