import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { loadAll } from 'js-yaml'
import { findHelm } from '../../scripts/helm.ts'
import type { Written } from '../cluster/client.ts'
import { writtenOf } from '../cluster/installation.ts'
import { at } from '../json.ts'

const ROOT = path.join(import.meta.dirname, '../..')

export const CHART = path.join(ROOT, 'charts/kserve-authz')

const DEADLINE_MS = 60_000
const MAX_BYTES = 16 * 1_024 * 1_024

/** Runs helm at the root of the project, with an empty home and these values. Rejects with what helm prints to stderr. */
export async function helm(
  args: readonly string[],
  values: object = {},
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const program = await findHelm((line) => void process.stderr.write(`${line}\n`))
  const home = await mkdtemp(path.join(tmpdir(), 'helm-'))
  try {
    const file = path.join(home, 'values.json')
    await writeFile(file, JSON.stringify(values))
    const given = TAKES_VALUES.has(args[0] ?? '') ? ['--values', file] : []
    const { stdout } = await promisify(execFile)(program, [...args, ...given], {
      cwd: ROOT,
      timeout: DEADLINE_MS,
      maxBuffer: MAX_BYTES,
      env: { PATH: process.env.PATH, HOME: home, ...env },
    })
    return stdout
  } finally {
    await rm(home, { recursive: true, force: true })
  }
}

const TAKES_VALUES: ReadonlySet<string> = new Set(['template', 'lint', 'install', 'upgrade'])

/** The objects of a release in a namespace, without its tests. */
export async function renderChart(
  values: object = {},
  namespace = 'kserve-authz',
): Promise<readonly Written[]> {
  const text = await helm(['template', 'kserve-authz', CHART, '--namespace', namespace], values)
  return loadAll(text)
    .filter((object) => object !== null)
    .map(writtenOf)
    .filter((object) => at(object, 'metadata', 'annotations', 'helm.sh/hook') === undefined)
}
