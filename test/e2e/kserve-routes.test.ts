import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { kserveVersion } from '../../scripts/kserve.ts'
import { startClusterService } from '../../testing/cluster/service.ts'
import { checkClient } from '../../testing/envoy/check-client.ts'
import { at, textAt } from '../../testing/json.ts'
import { disagreement } from '../../testing/kserve/agreement.ts'
import { type Asking, askFolder } from '../../testing/kserve/answers.ts'
import { installCallers } from '../../testing/kserve/callers.ts'
import { dumpCluster } from '../../testing/kserve/dump.ts'
import { type Asked, requestsFor } from '../../testing/kserve/requests.ts'
import { type Row, rowsIn } from '../../testing/kserve/rows.ts'
import { answerOf, checksOf } from '../../testing/kserve/same-answers.ts'
import { idOf, snapshotOf } from '../../testing/kserve/snapshot.ts'
import { objectsOf } from '../../testing/kserve/told.ts'
import { startWorld, type World } from '../../testing/kserve/world.ts'
import { WORLDS } from '../../testing/kserve/worlds.ts'
import { startService } from '../../testing/service.ts'

const PROTECTED = { protectByDefault: true }

/** What a folder does not report, or reports of another of two services, and the summary of all services. */
const OTHERWISE = ['NoSidecar', 'SharedHost', 'Protection']

/** What was reported of objects. */
const problemsIn = (log: readonly unknown[]): readonly string[] =>
  log
    .map((line) => ({ object: textAt(line, 'object'), reason: textAt(line, 'reason') }))
    .filter(({ object, reason }) => object && reason && !OTHERWISE.includes(reason))
    .map(({ object, reason }) => `${object} ${reason}`)

const version = kserveVersion()

describe.each(WORLDS)(
  `the targets are those that KServe ${version} routes for $title:`,
  ({ settings, rows: all, dumped }) => {
    const rows = rowsIn(version, all)
    let world: World
    let requests: readonly Asked[]
    let after: Asking
    beforeAll(async () => {
      world = await startWorld(settings, rows)
      requests = requestsFor(world.snapshot)
      after = await askFolder(objectsOf(world.snapshot))
    }, 2_000_000)
    afterAll(async () => {
      await after?.close()
      await world?.stop()
    })

    const about = ({ objects }: Row) => {
      const ids = new Set(objects.map(idOf))
      return requests.filter((asked) => ids.has(asked.about))
    }

    it.each(rows)('$title', async (row) => {
      const found = []
      for (const asked of about(row)) {
        const promised = row.takesEveryPath === true ? { ...asked, origin: 'odd' as const } : asked
        found.push(await disagreement(world.snapshot, row, promised, after))
      }
      expect(found.filter((each) => each !== undefined)).toEqual([])
    })

    it.each(rows)('before its status is written: $title', async (row) => {
      const ids = new Set(row.objects.map(idOf))
      const before = await askFolder(objectsOf(world.snapshot, (id) => !ids.has(id)))
      const found = []
      for (const asked of about(row)) {
        const isOdd = row.byStatusAlone === true || row.takesEveryPath === true
        const promised = isOdd ? { ...asked, origin: 'odd' as const } : asked
        found.push(await disagreement(world.snapshot, row, promised, before))
      }
      await before.close()
      expect(found.filter((each) => each !== undefined)).toEqual([])
    })

    if (dumped === true)
      it('a folder with an export of the cluster answers as the cluster does', async () => {
        const callers = await installCallers(world.cluster)
        const folder = await dumpCluster(world.cluster)
        const cluster = await startClusterService({
          kubeconfig: callers.kubeconfig,
          config: PROTECTED,
        })
        const service = await startService({
          folder: folder.root,
          startMs: 120_000,
          config: { ...PROTECTED, kubernetes: callers.identity },
        })
        const ofFolder = {
          gateway: checkClient(service.grpcPort),
          workload: checkClient(service.grpcWorkloadPort),
        }
        try {
          await cluster.ready()
          const checks = checksOf(await snapshotOf(world.cluster), requests, callers, 10_000)
          const counts = new Map<string, number>()
          for (const check of checks) {
            const expected = await answerOf(cluster, check)
            expect({ check, answer: await answerOf(ofFolder, check) }).toEqual({
              check,
              answer: expected,
            })
            const status = JSON.stringify(at(expected, 'denied_response', 'status', 'code') ?? 200)
            counts.set(status, (counts.get(status) ?? 0) + 1)
          }
          expect(new Set(counts.keys())).toEqual(new Set(['200', '401', '403']))
          expect(Math.min(...counts.values())).toBeGreaterThan(1_000)
          const problems = rows
            .filter(({ takesEveryPath }) => takesEveryPath === true)
            .flatMap(({ objects }) =>
              objects.map((object) => `${idOf(object)} RouteTakesEveryPath`),
            )
          expect([problemsIn(service.log), problemsIn(cluster.log)]).toEqual([problems, problems])
        } finally {
          for (const client of Object.values(ofFolder)) client.close()
          await service.stop()
          await cluster.stop()
          await folder.remove()
        }
      }, 900_000)

    it('there are no further addresses, and none is left out', () => {
      const silent = rows.filter((row) => about(row).length === 0)
      expect(silent).toEqual(rows.filter(({ unrouted }) => unrouted === true))
    })
  },
)
