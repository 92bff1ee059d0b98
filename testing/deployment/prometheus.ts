import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { z } from 'zod'
import { startChild, until } from '../../scripts/child.ts'
import { findPrometheus } from '../../scripts/prometheus.ts'
import { listAt, textAt } from '../json.ts'
import { recordsOf } from '../program-log.ts'

/** A job of Prometheus, as in `scrape_configs`. */
export type Job = { readonly job_name: string; readonly [field: string]: unknown }

/** One series: `[seconds, value]`. An instant query gives one point. */
export type Series = {
  readonly labels: Readonly<Record<string, string>>
  readonly points: readonly (readonly [number, number])[]
}

const point = z
  .tuple([z.number(), z.string()])
  .transform(([time, value]): readonly [number, number] => [time, Number(value.replace('+', ''))])
const answerShape = z.object({
  data: z.object({
    result: z.array(
      z.object({
        metric: z.record(z.string(), z.string()),
        value: point.optional(),
        values: z.array(point).optional(),
      }),
    ),
  }),
})

export type Prometheus = Awaited<ReturnType<typeof startPrometheus>>

/** A real Prometheus that scrapes each second. Its `stop` ends it and removes its files. */
export async function startPrometheus(jobs: readonly Job[]) {
  const { prometheus } = await findPrometheus((line) => void process.stderr.write(`${line}\n`))
  const folder = await mkdtemp(path.join(tmpdir(), 'prometheus-'))
  const config = path.join(folder, 'prometheus.json')
  const global = { scrape_interval: '1s', scrape_timeout: '1s' }
  await writeFile(config, JSON.stringify({ global, scrape_configs: jobs }))
  const child = startChild(
    'Prometheus',
    [
      prometheus,
      `--config.file=${config}`,
      `--storage.tsdb.path=${path.join(folder, 'data')}`,
      '--web.listen-address=127.0.0.1:0',
      '--log.format=json',
    ],
    { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const log = recordsOf(child.stderr)
  const stop = async () => {
    await child.stop()
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  const died = new AbortController()
  void child.ended.then((how) => died.abort(new Error(`${how}: ${JSON.stringify(log.slice(-3))}`)))
  try {
    const address = await until(
      'the address of Prometheus',
      async () =>
        log
          .filter((each) => textAt(each, 'msg') === 'Listening on')
          .map((each) => textAt(each, 'address'))
          .at(-1),
      { signal: died.signal, deadlineMs: 180_000 },
    )
    const api = async (page: string, parameters: Readonly<Record<string, string>>) => {
      const url = `http://${address}/api/v1/${page}?${new URLSearchParams(parameters).toString()}`
      const response = await fetch(url, { signal: AbortSignal.timeout(10_000) })
      const body: unknown = await response.json()
      if (response.status !== 200) throw new Error(`${page}: ${JSON.stringify(body)}`)
      return body
    }
    const series = (body: unknown): readonly Series[] =>
      answerShape.parse(body).data.result.map(({ metric, value, values }) => ({
        labels: metric,
        points: values ?? (value === undefined ? [] : [value]),
      }))
    return {
      /** `job health error` of each target. */
      targets: async () =>
        z
          .array(
            z.object({
              labels: z.record(z.string(), z.string()),
              health: z.string(),
              lastError: z.string(),
            }),
          )
          .parse(listAt(await api('targets', { state: 'active' }), 'data', 'activeTargets'))
          .map(({ labels, health, lastError }) => `${labels.job} ${health} ${lastError}`.trim()),
      query: async (query: string) => series(await api('query', { query })),
      queryRange: async (query: string, from: number, to: number, step: number) =>
        series(
          await api('query_range', {
            query,
            start: String(from),
            end: String(to),
            step: String(step),
          }),
        ),
      stop,
    }
  } catch (fault) {
    await stop()
    throw fault
  }
}
