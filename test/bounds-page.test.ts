import { globSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { JWT_LENGTH } from '../src/access/credential.ts'
import { CALL_LIMITS } from '../src/common/dependency-calls.ts'
import { readConfig } from '../src/config/read-config.ts'
import { BOUNDS, GRPC_SHEDS } from '../src/envoy/bounds.ts'
import { FOLDER_LIMITS } from '../src/manifests/folder.ts'
import { FETCH_LIMITS } from '../src/tokens/fetch-jwks.ts'
import { REQUESTS } from '../testing/bounds/requests.ts'
import { OTHER_BOUNDS } from '../testing/bounds/tables.ts'
import { rowsUnder } from '../testing/markdown.ts'

const page = readFileSync(new URL('../docs/operations.md', import.meta.url), 'utf8')

const namesIn = (cell = '') => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)

const BOUND_COLUMNS = [
  'bound',
  'value',
  'per',
  'beyond it',
  '`cause` in `kserve_authz_shed_total`',
  'change it with',
]

const ROOT = new URL('..', import.meta.url)
const textOf = (file: string) => readFileSync(new URL(file, ROOT), 'utf8')
/** Includes the imports of this file, which must be used. */
const TESTS = ['test/bounds-page.test.ts', ...globSync('testing/bounds/*.ts', { cwd: ROOT })]
  .map(textOf)
  .join('\n')

/** Each constant that is a bound, as `file NAME`. */
const BOUNDING = /^(?:export )?const (MAX_\w+|\w*(?:LIMITS|BOUNDS))(?=\b.*= (?:.*\d|\{$))/gm
const constants = globSync('src/**/*.ts', { cwd: ROOT }).flatMap((file) =>
  [...textOf(file).matchAll(BOUNDING)].map(([, name = '']) => `${file} ${name}`),
)
const imported = [...TESTS.matchAll(/import \{([^}]*)\} from '[./]*(src\/[^']*)'/g)].flatMap(
  ([, names = '', file = '']) =>
    names.split(',').map((each) => {
      const [name = '', local = name] = each.trim().split(' as ')
      return { id: `${file} ${name}`, local }
    }),
)

/** Bounds that follow from another bound on the page, and those on the page of the configuration. */
const ELSEWHERE = [
  'src/common/host.ts MAX_LENGTH',
  'src/resources/secret.ts MAX_BASE64',
  'src/envoy/bounds.ts MAX_REQUEST_BYTES',
  'src/access/credential.ts MAX_JWT_LENGTH',
  'src/access/named-models.ts MAX_MODELS_ASKED',
  'src/access/clock-skew.ts MAX_CLOCK_SKEW_SECONDS',
]

const fieldsOf = (table: object) =>
  Object.entries(table).flatMap(([key, value]) => (typeof value === 'number' ? key : []))

describe('the page of operations', () => {
  it('shows every bound with its current value', () => {
    const rows = rowsUnder(BOUND_COLUMNS, page)
    expect(rows.map(([bound, value]) => [bound, value])).toEqual(Object.entries(REQUESTS))
    const causes = new Set(rows.flatMap(([, , , , cause]) => namesIn(cause)))
    expect(GRPC_SHEDS.filter((cause) => !causes.has(cause))).toEqual([])
    const { grpc, jwt } = readConfig({ file: undefined, env: {}, flags: {} })
    const keys = [...Object.values(grpc), jwt.maxTokenBytes]
    const changed = rows.flatMap(([, , , , , key]) => namesIn(key))
    expect(changed).toEqual([
      'grpc.maxRequestBytes',
      'grpc.maxConnections',
      'grpc.maxConnectionsPerAddress',
      'jwt.maxTokenBytes',
    ])
    const { requestBytes, connections, connectionsPerAddress } = BOUNDS
    for (const value of [requestBytes, connections, connectionsPerAddress, JWT_LENGTH])
      expect(keys).toContain(value)
  })

  it.each(Object.entries(OTHER_BOUNDS))(
    'shows every bound of %s with its current value',
    (head, bounds) => {
      const rows = rowsUnder([head, 'value', 'per', 'beyond it'], page)
      expect(rows.map(([bound, value]) => [bound, value])).toEqual(Object.entries(bounds))
      expect(rows.flat().filter((cell) => cell === '')).toEqual([])
    },
  )

  it('contains every constant that is a bound', () => {
    const known = new Set([...imported.map(({ id }) => id), ...ELSEWHERE])
    expect(constants.length).toBeGreaterThan(60)
    expect(constants.filter((id) => !known.has(id))).toEqual([])
  })

  it.each([
    ['envoy/bounds.ts BOUNDS', BOUNDS],
    ['common/dependency-calls.ts CALL_LIMITS', CALL_LIMITS],
    ['manifests/folder.ts FOLDER_LIMITS', FOLDER_LIMITS],
    ['tokens/fetch-jwks.ts FETCH_LIMITS', FETCH_LIMITS],
  ])('contains every field of %s', (id, table) => {
    const local = imported.find((each) => each.id === `src/${id}`)?.local ?? ''
    expect(local).not.toBe('')
    const isUsed = (field: string) => new RegExp(`\\b${local}\\.${field}\\b`).test(TESTS)
    expect(fieldsOf(table).filter((field) => !isUsed(field))).toEqual([])
  })
})
