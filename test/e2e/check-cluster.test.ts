import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Cluster } from '../../testing/cluster/cluster.ts'
import { KEY, startUsers } from '../../testing/cluster/users.ts'
import { runWith } from '../../testing/command-line.ts'
import { listAt } from '../../testing/json.ts'

const IRIS = 'http://iris.team.svc/v1/models/iris'

let cluster: Cluster
let admin: string
let owner: string
let nobody: string

beforeAll(async () => {
  ;({ cluster, admin, owner, nobody } = await startUsers())
})
afterAll(() => cluster?.stop())

const check = (KUBECONFIG: string, ...args: readonly string[]) =>
  runWith({ env: { KUBECONFIG } }, 'check', ...args)

describe('an admin', () => {
  it('decides with the configuration of the installation, and the first line says so', async () => {
    const { code, stdout } = await check(admin, 'GET', 'http://silent.lab.svc/')

    expect(code).toBe(1)
    expect(stdout).toMatch(
      /^configuration: ConfigMap kserve-authz\/kserve-authz, of Deployment kserve-authz\/kserve-authz\nDENY 401 /,
    )
  })

  it('writes nothing to the cluster, whatever problems there are', async () => {
    const { stderr } = await check(admin, '-H', `x-api-key: ${KEY}`, 'GET', IRIS)

    expect(stderr).toContain('Secret team/empty')
    expect(listAt(await cluster.get('/api/v1/events'), 'items')).toEqual([])
  })

  it('asks about a user without its token', async () => {
    const asked = (user: string) => check(admin, '--as', user, 'GET', IRIS)
    const [reader, stranger] = await Promise.all([
      asked('system:serviceaccount:team:reader'),
      asked('ada'),
    ])

    expect(reader.stdout).toContain('\nALLOW\n')
    expect(stranger.stdout).toContain('\nDENY 403 not-permitted\n')
    expect(stranger.stdout).toContain(
      'to allow it: kubectl create role call-iris --namespace=team --verb=get --resource=inferenceservices.serving.kserve.io --resource-name=iris',
    )
  })
})

describe('an owner with rights in one namespace', () => {
  it('decides in that namespace, and is told what is not read', async () => {
    const { code, stdout } = await check(
      owner,
      '-n',
      'team',
      '--as-key',
      'team/holder',
      'GET',
      IRIS,
    )

    expect(code).toBe(0)
    expect(stdout).toContain('\nALLOW\n')
    expect(stdout).toContain(
      'not read: the configuration of the installation: missing permission: get deployments.apps kserve-authz in namespace kserve-authz',
    )
    expect(stdout).toContain(
      'not read: missing permission: list and watch configmaps in namespace kserve',
    )
  })

  it('asks for the permissions of users in that namespace', async () => {
    const reader = 'system:serviceaccount:team:reader'
    const [allowed, denied] = await Promise.all([
      check(owner, '-n', 'team', '--as', reader, 'GET', IRIS),
      check(owner, '-n', 'team', '--as', 'ada', 'GET', IRIS),
    ])

    expect(allowed.stdout).toContain('\nALLOW\n')
    expect(denied.stdout).toContain('RBAC, get inferenceservices/iris in team: no')
  })

  it('gets no decision about a host that may be a service elsewhere', async () => {
    const { code, stdout, stderr } = await check(
      owner,
      '-n',
      'team',
      'GET',
      'http://x.example.com/',
    )

    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(stderr).toContain('cannot decide, unknown-target')
  })
})

describe('without permission', () => {
  it('there is no decision, and each missing permission is named once', async () => {
    const config = path.join(cluster.site.folder, 'empty.yaml')
    await writeFile(config, '')
    const { code, stdout, stderr } = await check(nobody, '--config', config, 'GET', IRIS)
    const lines = stderr.trim().split('\n')

    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(lines[0]).toBe('kserve-authz: cannot look at the cluster:')
    expect(lines).toContain('  missing permission: list and watch secrets')
    expect(lines).toContain('  missing permission: list and watch pods')
    expect(new Set(lines).size).toBe(lines.length)
  })

  it('the configuration of the installation is a missing permission, too', async () => {
    const { code, stdout, stderr } = await check(nobody, 'GET', IRIS)

    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(stderr).toContain('missing permission: get deployments.apps kserve-authz')
    expect(stderr).toContain('--config FILE')
  })
})

describe('a cluster that cannot be reached', () => {
  it('is said once, without a decision', async () => {
    const file = await cluster.kubeconfig({ token: 'none', port: 1 })
    const { code, stdout, stderr } = await check(file, 'GET', IRIS)

    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(stderr).toBe(
      'kserve-authz: cannot look at the cluster:\n  the API server cannot be reached (ECONNREFUSED)\n',
    )
  })

  it('refuses an invalid token at once', async () => {
    const file = await cluster.kubeconfig({ token: 'not-a-token-of-this-cluster' })
    const { code, stdout, stderr } = await check(file, 'GET', IRIS)

    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(stderr).toContain('status 401')
  })
})
