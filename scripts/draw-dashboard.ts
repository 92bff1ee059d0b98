// Draws the dashboard from a real Prometheus that scrapes the service under load: node scripts/draw-dashboard.ts FILE.svg

import { writeFile } from 'node:fs/promises'
import { type Drawn, drawnBy, queryPanels } from '../testing/deployment/dashboard.ts'
import { dashboard } from '../testing/deployment/monitoring.ts'
import { startObserved } from '../testing/deployment/observed.ts'
import { drawDashboard } from '../testing/deployment/picture/draw.ts'

const LOAD_MS = 60_000
/** Until there are rates. */
const BEFORE_MS = 8_000

const [file] = process.argv.slice(2)
if (file === undefined) throw new Error('expected the name of a file')
const observed = await startObserved()
try {
  await observed.load(BEFORE_MS, false)
  const from = Date.now() / 1_000
  await observed.load(LOAD_MS, true)
  const range = { from, to: Date.now() / 1_000, step: 2 }
  const drawn = new Map<unknown, readonly Drawn[]>()
  for (const panel of queryPanels)
    drawn.set(panel, await drawnBy(observed.prometheus, panel, range))
  const picture = drawDashboard(dashboard.panels, (panel) => drawn.get(panel) ?? [], range)
  await writeFile(file, picture)
} finally {
  await observed.stop()
}
