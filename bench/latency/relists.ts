import { readFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createDirectory } from '../../src/access/directory.ts'
import { createApiServer } from '../../src/kubernetes/client/api-server.ts'
import { createDirectoryWriter } from '../../src/kubernetes/watch/directory-writer.ts'
import { startInformers } from '../../src/kubernetes/watch/informers.ts'
import { holdingCollections, serviceCollections } from '../../src/kubernetes/watch/watched-kinds.ts'
import { kubeConfigOf } from '../../testing/cluster/api-server.ts'
import type { Cluster } from '../../testing/cluster/cluster.ts'
import { SETTINGS } from '../../testing/objects.ts'

/** An API server ends each watch after half an hour at the earliest. */
const A_DAY = 48

/** Bound for the memory in use, relative to the first time. */
const MOST_GROWTH = 1.1

/** Lists all objects as often as on a bad day; measures the memory in use after each list. */
export async function measureRelists({ site }: Cluster, report: (line: string) => void) {
  const ca = readFileSync(path.join(site.folder, 'ca.crt'), 'utf8')
  const kubeConfig = kubeConfigOf(`https://127.0.0.1:${site.apiPort}`, ca, site.adminToken)
  const directory = createDirectory()
  let puts = 0
  const scope = { namespaces: [], apiKeyLabels: SETTINGS.apiKeys.selector.matchLabels }
  const all = [...serviceCollections(scope), ...holdingCollections(scope)].map((collection) => {
    const serving = createDirectoryWriter(collection, {
      directory,
      settings: () => SETTINGS,
      report: () => {},
    })
    const put: typeof serving.put = (object) => {
      puts += 1
      serving.put(object)
    }
    return { collection, handler: { ...serving, put } }
  })
  const cluster = startInformers({
    api: createApiServer(kubeConfig),
    followed: [],
    configured: all,
    failed: (resource, message) => report(`${resource}: ${message}`),
  })
  while (!cluster.synced()) await delay(20)
  const objects = puts
  const heaps = [heapMiB()]
  for (let relist = 0; relist < A_DAY; relist += 1) {
    cluster.reread()
    while (puts < objects * (relist + 2)) await delay(20)
    heaps.push(heapMiB())
    if (relist % 12 === 11) report(`listed again ${relist + 1} times: ${heaps.at(-1)} MiB`)
  }
  await cluster.close()
  const facts = [
    [`heap in MiB after ${objects} objects were read`, String(heaps.at(0))],
    [
      `after ${A_DAY} more lists: least, most, last`,
      [Math.min(...heaps), Math.max(...heaps), heaps.at(-1)].join(', '),
    ],
  ] as const
  const [first = 0] = heaps
  return { facts, good: (heaps.at(-1) ?? 0) <= first * MOST_GROWTH }
}

/** Memory in use, without garbage (`node --expose-gc`). */
function heapMiB(): number {
  globalThis.gc?.()
  return Math.round(process.memoryUsage().heapUsed / 2 ** 20)
}
