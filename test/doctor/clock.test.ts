import { describe, expect, it } from 'vitest'
import { inspectNodeClocks, inspectOwnClock } from '../../src/doctor/clock.ts'
import { objectsFrom } from '../../src/doctor/objects.ts'
import { aReplica, type Fields } from './sound.ts'

const { signal } = new AbortController()
const SERVER = Date.parse('2026-03-01T12:00:00Z')

/** The findings if this machine's clock differs by `ms` from that of the API server. */
function own(ms: number, date = new Date(SERVER).toUTCString()) {
  const open = async () => ({ headers: { date }, resume: () => {} })
  return inspectOwnClock({ open }, signal, () => SERVER + ms)
}

const aNode = (renewTime: string, time = '2026-03-01T12:00:00Z', nodeName = 'worker-1') => [
  aReplica({ nodeName }),
  {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      name: 'worker-1',
      namespace: 'kube-node-lease',
      managedFields: [{ manager: 'other', time: '2026-02-01T12:00:00Z' }, { time }],
    },
    spec: { renewTime },
  },
]

const nodes = (objects: readonly Fields[], tolerated = 60) =>
  inspectNodeClocks(objectsFrom(objects), tolerated)

describe('the clock of this machine', () => {
  it.each([0, 900, 30_500, -30_000])('may differ by %d ms', async (ms) => {
    expect(await own(ms)).toEqual([])
  })

  it.each([
    [92_000, 'it is 91 s ahead of that of the API server'],
    [-90_000, 'it is 90 s behind that of the API server'],
  ])('that differs by %d ms is a finding', async (ms, message) => {
    expect(await own(ms)).toMatchObject([{ code: 'own-clock-differs', message }])
  })

  it.each(['', 'noon'])('cannot be compared with the date %j', async (date) => {
    expect(await own(0, date)).toMatchObject([{ code: 'not-read' }])
  })
})

describe('the clock of the node of a replica', () => {
  it('may differ by what JWTs may', () => {
    expect(nodes(aNode('2026-03-01T12:00:59.5Z'))).toEqual([])
    expect(nodes(aNode('2026-03-01T11:59:01Z'))).toEqual([])
    expect(nodes(aNode('2026-03-01T12:01:30Z'), 120)).toEqual([])
    expect(nodes(aNode('2026-03-01T12:00:10Z'), 0)).toHaveLength(1)
    expect(nodes(aNode('2026-03-01T12:00:02Z'), 0)).toEqual([])
  })

  it.each([
    ['2026-03-01T12:01:30.000000Z', 'its clock is 90 s ahead of that of the API server'],
    ['2026-03-01T11:58:00Z', 'its clock is 120 s behind that of the API server'],
  ])('that wrote %s at noon is a finding', (time, message) => {
    expect(nodes(aNode(time))).toMatchObject([
      {
        code: 'clock-differs',
        object: 'Node worker-1',
        message: `${message}, and a replica runs there`,
      },
    ])
  })

  it('does not count if no replica runs there', () => {
    expect(nodes(aNode('2026-03-01T12:30:00Z', undefined, 'worker-2'))).toEqual([])
  })

  it.each([
    ['no time of the API server', aNode('2026-03-01T12:30:00Z', 'noon')],
    ['no Lease', aNode('2026-03-01T12:30:00Z').slice(0, 1)],
  ])('is not judged with %s', (_title, objects) => {
    expect(nodes(objects)).toEqual([])
  })
})
