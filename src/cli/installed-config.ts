// Reads the configuration of an installation from its Deployment.

import { errorCode } from '../common/error-code.ts'
import { isRecord } from '../common/json.ts'
import { describeApiProblem } from '../kubernetes/client/api-problem.ts'
import { ApiError, type ApiServer } from '../kubernetes/client/api-server.ts'
import { mountedFile } from '../resources/mounted-file.ts'
import { listAt, textAt, valueAt } from '../resources/object.ts'

/** A Deployment, by default that of `deploy/`. */
export type Installation = { readonly namespace: string; readonly name: string }

/** The configuration of an installation, as its container sees it. */
export type InstalledConfig = {
  /** Its source in words. */
  readonly name: string
  /** Absent: it has no file. */
  readonly file: { readonly path: string; readonly text: string } | undefined
  readonly env: Readonly<Record<string, string>>
}

/** Why the configuration cannot be read. */
export type NoConfig = { readonly problem: string; readonly reached: boolean }

const TIMEOUT_MS = 10_000

/** Reads a Deployment and the ConfigMap that it mounts. Never rejects. */
export async function readInstalledConfig(
  api: Pick<ApiServer, 'send'>,
  { namespace, name }: Installation,
): Promise<InstalledConfig | NoConfig> {
  const get = async (path: string, resource: string): Promise<unknown> => {
    try {
      return await api.send({ method: 'GET', path, signal: AbortSignal.timeout(TIMEOUT_MS) })
    } catch (error) {
      const where = `${resource} in namespace ${namespace}`
      if (error instanceof ApiError && error.status === 404)
        return { problem: `there is no ${where}`, reached: true }
      const code = errorCode(error)
      const problem = describeApiProblem(error, `get ${where}`)
      return error instanceof ApiError
        ? { problem, reached: true }
        : { problem: code === undefined ? problem : `${problem} (${code})`, reached: false }
    }
  }
  const deployment = await get(
    `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`,
    `deployments.apps ${name}`,
  )
  if (isProblem(deployment)) return deployment
  const pod = valueAt(deployment, 'spec', 'template', 'spec')
  const container = listAt(pod, 'containers').find((each) => fileOf(each) !== undefined)
  const env = variablesOf(container ?? listAt(pod, 'containers')[0])
  const from = `Deployment ${namespace}/${name}`
  const hidden = hiddenIn(container ?? listAt(pod, 'containers')[0])
  if (hidden !== undefined)
    return { problem: `${from} sets ${hidden} from another object`, reached: true }
  if (container === undefined) return { name: from, file: undefined, env }
  const place = mountedFile(fileOf(container) ?? '', { container, pod, type: 'configMap' })
  if (place === undefined)
    return { problem: `${from} reads its configuration from no ConfigMap`, reached: true }
  const map = await get(
    `/api/v1/namespaces/${namespace}/configmaps/${place.name}`,
    `configmaps ${place.name}`,
  )
  if (isProblem(map)) return map
  const text = textAt(map, 'data', place.key)
  const path = `ConfigMap ${namespace}/${place.name}`
  return text === undefined
    ? { problem: `${path} has no ${place.key}`, reached: true }
    : { name: `${path}, of ${from}`, file: { path, text }, env }
}

const isProblem = (value: unknown): value is NoConfig =>
  isRecord(value) && typeof value.problem === 'string'

/** The file of `--config`. */
function fileOf(container: unknown): string | undefined {
  const words = [...listAt(container, 'command'), ...listAt(container, 'args')].map(String)
  const index = words.indexOf('--config')
  if (index >= 0) return words[index + 1]
  return words.find((each) => each.startsWith('--config='))?.slice('--config='.length)
}

const variablesOf = (container: unknown): Readonly<Record<string, string>> =>
  Object.fromEntries(
    listAt(container, 'env').flatMap((each) => {
      const [name, value] = [textAt(each, 'name'), textAt(each, 'value')]
      return name === undefined || value === undefined ? [] : [[name, value]]
    }),
  )

/** A variable of the configuration whose value the Deployment does not show. */
const hiddenIn = (container: unknown): string | undefined =>
  listAt(container, 'env')
    .filter((each) => valueAt(each, 'valueFrom') !== undefined)
    .map((each) => textAt(each, 'name') ?? '')
    .find((each) => each.startsWith('KSERVE_AUTHZ_'))
