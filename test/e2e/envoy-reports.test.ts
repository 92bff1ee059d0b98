import path from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { DENY_REASONS } from '../../src/access/decision.ts'
import { DENIALS } from '../../src/envoy/denials.ts'
import { head, headerOf, sendRaw } from '../../testing/envoy/http.ts'
import { type Mesh, startMesh } from '../../testing/envoy/team.ts'
import {
  CHAT,
  CLIENT,
  named,
  OPENDATAHUB,
  REPORTS,
  type ReportRow,
  ROWS,
} from '../../testing/reports.ts'

let mesh: Mesh
afterEach(() => mesh?.stop())

const start = async (report: string, config: object = {}) => {
  mesh = await startMesh({
    manifests: path.join(REPORTS, report),
    config,
    listeners: { gateway: {} },
  })
  // A service that has just started may not answer in time.
  await expect
    .poll(() => answerTo([report, 'http://nobody.example.net/', [], '']))
    .toBe('403 no such service')
}

async function answerTo([, url, headers]: ReportRow): Promise<string> {
  const { host, pathname } = new URL(url)
  const reply = await sendRaw(
    { port: mesh.portOf('gateway') },
    head(`POST ${pathname} HTTP/1.1`, `Host: ${host}`, ...headers, 'Content-Length: 0'),
  )
  // The model server knows few paths: whether the model was reached is what counts.
  if (headerOf(reply, 'x-envoy-upstream-service-time') !== undefined) return 'allowed'
  return `${reply.status} ${headerOf(reply, 'x-ext-auth-reason') ?? 'without a reason'}`
}

function expected([, , , answer]: ReportRow): string {
  const reason = DENY_REASONS.find((each) => each === answer)
  if (reason === undefined) return 'allowed'
  return `${DENIALS[reason].httpStatus} ${DENIALS[reason].phrase}`
}

describe('through Envoy, as users reported:', () => {
  it.each([...new Set(ROWS.map(([report]) => report))])('%s', async (report) => {
    await start(report)
    for (const row of ROWS.filter(([each]) => each === report))
      expect([row, await answerTo(row)]).toEqual([row, expected(row)])
  })

  it('canary-group, where OpenDataHub gives the permission', async () => {
    await start('canary-group', { permissions: OPENDATAHUB })
    const model = 'publishers/my-namespace/models/my-model'
    const rows: readonly ReportRow[] = [
      ['canary-group', `http://203.0.113.9/${model}/${CHAT}`, [CLIENT], 'allow'],
      ['canary-group', `http://203.0.113.9/${CHAT}`, [CLIENT, named(model)], 'allow'],
      [
        'canary-group',
        `http://203.0.113.9/my-namespace/my-model-v2/${CHAT}`,
        [CLIENT],
        'not-permitted',
      ],
    ]
    for (const row of rows) expect([row, await answerTo(row)]).toEqual([row, expected(row)])
  })

  it('own-hosts, where the installation declares them', async () => {
    const service = { namespace: 'team-a', name: 'sklearn-iris' }
    await start('own-hosts', {
      gateways: {
        hosts: [
          { host: 'iris.models.example.org', ...service },
          { host: 'apps.example.org', path: '/kfserving/team-a/sklearn-iris', ...service },
        ],
      },
    })
    const rows: readonly ReportRow[] = [
      ['own-hosts', 'http://iris.models.example.org/v1/models/m', [], 'missing-credential'],
      [
        'own-hosts',
        'http://apps.example.org/kfserving/team-a/sklearn-iris',
        [],
        'missing-credential',
      ],
      ['own-hosts', 'http://apps.example.org/kfserving/team-a/other', [], 'unknown-target'],
    ]
    for (const row of rows) expect([row, await answerTo(row)]).toEqual([row, expected(row)])
  })
})
