import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { drawnBy, hasData, queryPanels } from '../../testing/deployment/dashboard.ts'
import { type Observed, startObserved } from '../../testing/deployment/observed.ts'

/** Panels that show nothing while nothing is wrong. A busy machine may be overloaded. */
const EMPTY: ReadonlySet<string> = new Set(['Work refused'])

const LOAD_MS = 24_000
const PATIENCE = { timeout: 60_000, interval: 250 }

let observed: Observed
let range: { readonly from: number; readonly to: number; readonly step: number }

beforeAll(async () => {
  observed = await startObserved()
  const from = Date.now() / 1_000
  await observed.load(LOAD_MS, true)
  range = { from, to: Date.now() / 1_000, step: 1 }
})
afterAll(() => observed?.stop())

describe('a real Prometheus', () => {
  it('scrapes the service, with a token if `http.auth` is `tokenReview`, and Envoy', async () => {
    const targets = async () => (await observed.prometheus.targets()).toSorted()
    await expect.poll(targets, PATIENCE).toEqual(['envoy up', 'kserve-authz up', 'kserve-authz up'])
    const replicas = () => observed.prometheus.query('count by (job) (kserve_authz_build_info)')
    await expect
      .poll(replicas, PATIENCE)
      .toMatchObject([{ labels: { job: 'kserve-authz' }, points: [[expect.anything(), 2]] }])
  })
})

describe('the dashboard', () => {
  it('has the panels that may be empty', () => {
    const titles = queryPanels.map(({ title }) => title)
    expect([...EMPTY].filter((title) => !titles.includes(title))).toEqual([])
  })

  it.each(queryPanels.map((panel) => [panel.title, panel] as const))(
    'has data under load: %s',
    async (title, panel) => {
      const drawn = await drawnBy(observed.prometheus, panel, range)
      const empty = drawn.flatMap((each, index) =>
        hasData(each) ? [] : [drawn.length === 1 ? title : `${title}, ${index}`],
      )
      expect(empty.filter((each) => !EMPTY.has(each))).toEqual([])
    },
  )
})
