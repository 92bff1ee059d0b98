import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../../scripts/child.ts'
import { commandOf, type Documented, remarkOf } from '../../testing/documented.ts'
import { BY_MESH, runBy } from '../../testing/documented-table.ts'
import { freePort } from '../../testing/free-ports.ts'
import { at, textAt } from '../../testing/json.ts'
import { type DocumentedMesh, startDocumentedMesh } from '../../testing/mesh/documented.ts'

const PATIENCE_MS = 90_000

/** Assignments and functions, for the statements below them and on other pages. */
const DEFINITION = /^(?:[A-Z]+=|\w+\(\))/

const ALL = runBy(BY_MESH)
const DEFINITIONS = ALL.filter(({ statement }) => DEFINITION.test(statement))
const STATEMENTS = ALL.filter(({ statement }) => !DEFINITION.test(statement)).toSorted(
  (one, other) => rank(one) - rank(other),
)

/** What prepares the others is first. What reads the log of their requests, or undoes something, is last. */
function rank({ statement }: Documented) {
  if (/^kubectl -n team (?:annotate|label|run) /.test(statement)) return 0
  if (/ (?:delete|scale) /.test(statement)) return 3
  return statement.includes('kubectl logs ') ? 2 : 1
}

let world: DocumentedMesh
let port = 0
beforeAll(async () => {
  port = await freePort()
  world = await startDocumentedMesh()
})
afterAll(() => world?.stop())

/** The values that a reader writes. */
function filled(statement: string): string {
  const allowed = world.mesh.service
    .now()
    .decisions.findLast(
      (each) => at(each, 'decision') === 'allow' && textAt(each, 'requestId') !== '',
    )
  return commandOf(statement)
    .replace(' ID', ` ${textAt(allowed, 'requestId')}`)
    .replace(
      'deployment/kserve-authz 9002 &',
      `deployment/kserve-authz ${port}:9002 & ${FORWARDED}`,
    )
    .replaceAll('http://127.0.0.1:9002', `http://127.0.0.1:${port}`)
}

/** Resolves once the port is open, and ends it with the script. */
const FORWARDED =
  'trap "kill $!" EXIT; until curl -s -o /dev/null http://127.0.0.1:9002; do sleep 0.2; done'

/** With the definitions that it uses, those of its page last. */
function scriptOf({ page, statement }: Documented): string {
  const own = DEFINITIONS.filter((each) => each.page === page)
  const used = [...DEFINITIONS.filter((each) => each.page !== page), ...own].filter((each) => {
    const [, name = ''] = /^(\w+)/.exec(each.statement) ?? []
    return new RegExp(each.statement.includes('()') ? `^${name} ` : `\\$${name}\\b`).test(statement)
  })
  const given = used.map((each) => commandOf(each.statement))
  return ['POD=sklearn-iris-predictor', ...given, filled(statement)].join('\n')
}

/** Whether it went as the page says: with this status, refused, or without an error. */
function isAs(remark: string, code: number, output: string): boolean {
  const [status] = /\b\d{3}\b/.exec(remark) ?? []
  if (remark === 'refused') return code !== 0
  return code === 0 && (status === undefined || output.split('\n').includes(status))
}

describe('the pages of Istio, with a mesh and a node', () => {
  it('have many commands', () => {
    expect(STATEMENTS.length).toBeGreaterThan(25)
  })

  it.each(STATEMENTS.map((each) => [each.page, each.statement, each] as const))(
    'are right: %s: %s',
    async (_page, statement, documented) => {
      if (statement.includes('kubectl logs')) await world.writeLog()
      if (statement.includes(' rollout undo ')) await makeRevision()
      let last = ''
      const attempt = async () => {
        const { code, output } = await world.sh(scriptOf(documented))
        last = `exit code ${code}: ${output}`
        return isAs(remarkOf(statement), code, output) || undefined
      }
      await until(statement, attempt, { deadlineMs: PATIENCE_MS }).catch(() => {
        throw new Error(`${scriptOf(documented)}\n${last}`)
      })
    },
  )
})

/** A Deployment has nothing to return to before its first change. */
async function makeRevision() {
  const metadata = { namespace: 'kserve-authz', name: 'kserve-authz' }
  const change = { spec: { template: { metadata: { annotations: { 'example.com/again': '1' } } } } }
  await world.mesh.cluster.patch({ apiVersion: 'apps/v1', kind: 'Deployment', metadata }, change)
}
