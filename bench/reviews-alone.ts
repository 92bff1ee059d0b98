import { readFileSync } from 'node:fs'
import { createApiServer } from '../src/kubernetes/client/api-server.ts'
import { findCluster } from '../src/kubernetes/client/find-cluster.ts'
import { at, listAt, textAt } from '../testing/json.ts'
import { quantile } from './measure/statistics.ts'

// The cost of a TokenReview and a SubjectAccessReview at an API server, and nothing else.
// Prints one line of JSON. Usage: reviews-alone.ts TOKENS UNDER-WAY AUDIENCE NAMESPACE NAME

const [file = '', underWay = '1', audience = '', namespace = '', name = ''] = process.argv.slice(2)

const WARM_UP = 300
const LIMIT_MS = 10_000

const readAccess = await findCluster()
const api = createApiServer(readAccess())

async function ask(group: string, kind: string, spec: object): Promise<unknown> {
  const answer = await api.send({
    method: 'POST',
    path: `/apis/${group}/v1/${kind.toLowerCase()}s`,
    body: { apiVersion: `${group}/v1`, kind, spec },
    signal: AbortSignal.timeout(LIMIT_MS),
  })
  return at(answer, 'status')
}

async function askBoth(token: string) {
  const review = await ask('authentication.k8s.io', 'TokenReview', {
    token,
    audiences: [audience],
  })
  if (at(review, 'authenticated') !== true) throw new Error('a token is not authenticated')
  const permission = await ask('authorization.k8s.io', 'SubjectAccessReview', {
    user: textAt(review, 'user', 'username'),
    groups: listAt(review, 'user', 'groups'),
    uid: textAt(review, 'user', 'uid'),
    extra: at(review, 'user', 'extra'),
    resourceAttributes: {
      verb: 'get',
      group: 'serving.kserve.io',
      resource: 'inferenceservices',
      namespace,
      name,
    },
  })
  if (at(permission, 'allowed') !== true) throw new Error('a caller is not permitted')
}

/** In a closed loop; the milliseconds per token. */
async function askAll(tokens: readonly string[]): Promise<readonly number[]> {
  const waits: number[] = []
  let next = 0
  const worker = async () => {
    for (;;) {
      const token = tokens[next]
      if (token === undefined) return
      next += 1
      const start = performance.now()
      await askBoth(token)
      waits.push(performance.now() - start)
    }
  }
  await Promise.all(Array.from({ length: Number(underWay) }, worker))
  return waits
}

const tokens = readFileSync(file, 'utf8').trimEnd().split('\n')
await askAll(Array.from({ length: WARM_UP }, () => tokens[0] ?? ''))
const measured = tokens.slice(1)
const start = performance.now()
const cpuStart = process.cpuUsage()
const waits = await askAll(measured)
const { user, system } = process.cpuUsage(cpuStart)
const told = {
  checksPerSecond: (measured.length * 1_000) / (performance.now() - start),
  p50Ms: quantile(waits, 0.5),
  p99Ms: quantile(waits, 0.99),
  cpuMicroseconds: (user + system) / measured.length,
}
process.stdout.write(`${JSON.stringify(told)}\n`)
api.close()
