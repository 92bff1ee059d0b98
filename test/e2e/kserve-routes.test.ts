import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { disagreement } from '../../testing/kserve/agreement.ts'
import { type Asking, askFolder } from '../../testing/kserve/answers.ts'
import { GENERATIVE } from '../../testing/kserve/generative.ts'
import { PREDICTIVE } from '../../testing/kserve/predictive.ts'
import { type Asked, requestsFor } from '../../testing/kserve/requests.ts'
import type { Row } from '../../testing/kserve/rows.ts'
import { idOf } from '../../testing/kserve/snapshot.ts'
import { objectsOf } from '../../testing/kserve/told.ts'
import { startWorld, type World } from '../../testing/kserve/world.ts'

const STANDARD = { defaultDeploymentMode: 'Standard' }
const INGRESS = { disableIstioVirtualHost: true, ingressClassName: 'example' }

const WORLDS = [
  {
    title: 'with the Gateway API',
    settings: {
      deploy: STANDARD,
      ingress: { ...INGRESS, enableGatewayApi: true, additionalIngressDomains: ['example.org'] },
    },
    rows: [...PREDICTIVE, ...GENERATIVE],
  },
  {
    title: 'with the Gateway API, paths instead of hosts, and its own model header',
    settings: {
      deploy: STANDARD,
      ingress: {
        ...INGRESS,
        enableGatewayApi: true,
        pathTemplate: '/serving/{{ .Namespace }}/{{ .Name }}',
        modelBasedRoutingHeaderName: 'x-ai-eg-model',
      },
    },
    rows: [...PREDICTIVE, ...GENERATIVE.slice(0, 8)],
  },
  {
    title: 'with Ingress',
    settings: {
      deploy: STANDARD,
      ingress: { ...INGRESS, enableGatewayApi: false, additionalIngressDomains: ['example.org'] },
    },
    rows: PREDICTIVE,
  },
]

describe.each(WORLDS)(
  'the targets are those that KServe routes for $title:',
  ({ settings, rows }) => {
    let world: World
    let requests: readonly Asked[]
    let after: Asking
    beforeAll(async () => {
      world = await startWorld(settings, rows)
      requests = requestsFor(world.snapshot)
      after = await askFolder(objectsOf(world.snapshot))
    }, 600_000)
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
      for (const asked of about(row))
        found.push(await disagreement(world.snapshot, row, asked, after))
      expect(found.filter((each) => each !== undefined)).toEqual([])
    })

    it.each(rows)('before its status is written: $title', async (row) => {
      const ids = new Set(row.objects.map(idOf))
      const before = await askFolder(objectsOf(world.snapshot, (id) => !ids.has(id)))
      const found = []
      for (const asked of about(row)) {
        const promised = row.byStatusAlone === true ? { ...asked, origin: 'odd' as const } : asked
        found.push(await disagreement(world.snapshot, row, promised, before))
      }
      await before.close()
      expect(found.filter((each) => each !== undefined)).toEqual([])
    })

    it('there are no further addresses, and none is left out', () => {
      const silent = rows.filter((row) => about(row).length === 0)
      expect(silent).toEqual(rows.filter(({ unrouted }) => unrouted === true))
    })
  },
)
