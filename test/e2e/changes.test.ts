import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../../scripts/child.ts'
import {
  type Changing,
  changing,
  grantOf,
  keyFor,
  keyOf,
  serviceNamed,
} from '../../testing/changing.ts'
import { head, sendRaw } from '../../testing/envoy/http.ts'
import { type Mesh, startMesh, TEAM } from '../../testing/envoy/team.ts'
import { TOKENS } from '../../testing/issuers/credentials.ts'
import { at } from '../../testing/json.ts'

let mesh: Mesh
let folder: Changing
beforeAll(async () => {
  mesh = await startMesh({ manifests: TEAM, listeners: { gateway: {} } })
  folder = changing(mesh.folder)
})
afterAll(() => mesh.stop())

/** In milliseconds, by title. */
const took = new Map<string, number>()
afterAll(() => {
  const lines = [...took].map(([title, ms]) => `${String(Math.round(ms)).padStart(6)} ms  ${title}`)
  console.info(['in force after', ...lines].join('\n'))
})

async function statusOf(service: string, credential = ''): Promise<number> {
  const lines = credential === '' ? [] : [`Authorization: Bearer ${credential}`]
  const request = head('GET /v1/models/m HTTP/1.1', `Host: ${service}.example.com`, ...lines)
  return (await sendRaw({ port: mesh.portOf('gateway') }, request)).status
}

/** Repeats the request until the answer is the expected one; rejects after 10 s. */
async function isInForce(service: string, credential: string | undefined, status: number) {
  const started = performance.now()
  const seen = new Set<number>()
  const answered = async () => {
    const now = await statusOf(service, credential)
    seen.add(now)
    return now === status || undefined
  }
  await until(`${service} answers ${status}`, answered)
  return { ms: performance.now() - started, seen }
}

/** `name` is the name of the service and of its file. */
type Step = (name: string) => Promise<unknown>

type Row = readonly [
  title: string,
  given: Step,
  change: Step,
  /** The caller: anonymous, the holder of the service's key, or the ServiceAccount `stranger`. */
  by: 'nobody' | 'key' | 'stranger',
  from: number,
  to: number,
]

const none: Step = async () => {}
const both =
  (one: Step, other: Step): Step =>
  async (name) => {
    await one(name)
    await other(name)
  }
const service =
  (enableAuth?: string): Step =>
  (name) =>
    folder.write(`${name}.yaml`, serviceNamed(name, enableAuth))
const key =
  (text?: string): Step =>
  (name) =>
    folder.write(`${name}-key.yaml`, keyOf(name, text))
const grant: Step = (name) => folder.write(`${name}-grant.yaml`, ...grantOf(name))
const without =
  (suffix: string): Step =>
  (name) =>
    folder.remove(`${name}${suffix}`)
const replaced: Step = (name) => folder.replace(`${name}.yaml`, serviceNamed(name, 'true'))
const mounted =
  (version: string, enableAuth?: string): Step =>
  (name) =>
    folder.mount(name, version, serviceNamed(name, enableAuth))
const deep: Step = (name) => folder.write(`${name}/in/a/folder.yaml`, serviceNamed(name))

const OTHER_KEY = 'test-key-of-somebody-else-not-a-secret'
const PROTECTED = service('true')

const ROWS: readonly Row[] = [
  ['an annotation is added', service(), PROTECTED, 'nobody', 200, 401],
  ['an annotation is changed', PROTECTED, service('false'), 'nobody', 401, 200],
  ['an annotation is removed', PROTECTED, service(), 'nobody', 401, 200],
  ['a service is added', none, service(), 'nobody', 403, 200],
  ['a service is removed', service(), without('.yaml'), 'nobody', 200, 403],
  ['a key is added', PROTECTED, key(), 'key', 401, 200],
  ['a key is changed', both(PROTECTED, key()), key(OTHER_KEY), 'key', 200, 401],
  ['a key is removed', both(PROTECTED, key()), without('-key.yaml'), 'key', 200, 401],
  ['a binding is added', PROTECTED, grant, 'stranger', 403, 200],
  ['a binding is removed', both(PROTECTED, grant), without('-grant.yaml'), 'stranger', 200, 403],
  ['a file is replaced by another', service(), replaced, 'nobody', 200, 401],
  ['a mounted ConfigMap is swapped', mounted('v1'), mounted('v2', 'true'), 'nobody', 200, 401],
  ['a folder is removed', deep, without(''), 'nobody', 200, 403],
]

const nameOf = (title: string) => title.toLowerCase().replaceAll(' ', '-')

describe('a change of the folder takes effect when', () => {
  it.each(ROWS)('%s', async (title, given, change, by, from, to) => {
    const name = nameOf(title)
    const credential = { nobody: undefined, key: keyFor(name), stranger: TOKENS.stranger }[by]
    await given(name)
    await isInForce(name, credential, from)
    await change(name)
    const { ms, seen } = await isInForce(name, credential, to)
    took.set(title, ms)

    expect([...seen].filter((status) => status !== from)).toEqual([to])
  })
})

describe('a file that becomes unreadable', () => {
  const BROKEN = 'kind: [InferenceService, "unfinished'
  const TOO_LARGE = `# ${'x'.repeat(8 * 1024 * 1024)}\nkind: List\n`

  it.each([
    ['does not parse', BROKEN],
    ['is too large', TOO_LARGE],
  ])(
    'because it %s: its services deny everybody and its keys are gone until it is readable again',
    async (title, text) => {
      const [lost, other] = [`lost-${nameOf(title)}`, `other-${nameOf(title)}`]
      const objects = [serviceNamed(lost), keyOf(other)]
      await folder.write(`${other}.yaml`, serviceNamed(other, 'true'))
      await folder.write(`${lost}.yaml`, ...objects)
      await isInForce(lost, undefined, 200)
      await isInForce(other, keyFor(other), 200)

      await folder.write(`${lost}.yaml`, text)
      const { ms } = await isInForce(lost, undefined, 403)
      took.set(`a file ${title}`, ms)
      expect(await statusOf(other, keyFor(other))).toBe(401)
      expect(await statusOf('open-team')).toBe(200)
      expect(await statusOf('bare-team', TOKENS.reader)).toBe(200)
      expect(mesh.service().log.map((line) => at(line, 'object'))).toContain(`File ${lost}.yaml`)

      await folder.write(`${lost}.yaml`, ...objects)
      await isInForce(lost, undefined, 200)
      expect(await statusOf(other, keyFor(other))).toBe(200)
    },
  )
})
