import { describe, expect, it } from 'vitest'
import { TEAM } from '../../testing/envoy/team.ts'
import { runHere } from '../../testing/in-process.ts'

const LINE = {
  time: '2026-01-01T00:00:00.100Z',
  requestId: 'r1',
  namespace: 'team',
  name: 'sk',
  position: 'gateway',
  method: 'GET',
  host: 'sk-team.example.com',
  path: '/v1/models/m',
  destination: '',
  decision: 'allow',
  reason: '',
  credentialKind: 'kubernetes',
  credential: 'team/reader',
}
const HOP = {
  time: '2026-01-01T00:00:00.200Z',
  position: 'workload',
  destination: '127.0.0.11:8080',
}
const DENIED = { reason: 'missing-credential', credentialKind: 'none', credential: '' }

const explain = (lines: readonly Partial<typeof LINE>[], ...args: readonly string[]) =>
  runHere(
    'explain',
    lines.map((own) => JSON.stringify({ ...LINE, ...own })).join('\n'),
    '--manifests',
    TEAM,
    ...args,
  )
const explainId = (...lines: readonly Partial<typeof LINE>[]) =>
  explain(lines, '--request-id', 'r1')

const headings = (stdout: string) => stdout.split('\n').filter((line) => line.startsWith('line '))

describe('explain --request-id', () => {
  it('explains each line of the request, oldest first, below its position and time', async () => {
    const { code, stdout } = await explainId(HOP, { requestId: 'other' }, {})

    expect(code).toBe(0)
    expect(stdout.split('\n').filter((line) => !line.startsWith(' '))).toEqual([
      'configuration: defaults',
      'line 1 of 2: gateway, 2026-01-01T00:00:00.100Z',
      'then: ALLOW (2026-01-01T00:00:00.100Z)',
      'now: ALLOW',
      'changed: nothing',
      'line 2 of 2: workload, 2026-01-01T00:00:00.200Z',
      'then: ALLOW (2026-01-01T00:00:00.200Z)',
      'now: ALLOW',
      'changed: nothing',
      '',
    ])
  })

  it('has no such line for a single one', async () => {
    expect(headings((await explainId({})).stdout)).toEqual([])
  })

  it.each([
    ['the first', [DENIED, HOP]],
    ['the last', [{}, { ...HOP, ...DENIED }]],
  ])('exits with 1 if %s of its lines is denied now', async (_which, lines) => {
    const { code, stdout } = await explainId(...lines)

    expect(code).toBe(1)
    expect(stdout).toContain('now: ALLOW')
    expect(stdout).toContain('now: DENY missing-credential')
  })

  it('decides nothing if one line cannot be decided, and names this line', async () => {
    const { code, stdout, stderr } = await explainId({}, { ...HOP, credentialKind: 'jwt' })

    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(stderr).toContain('line 2 of 2: workload, 2026-01-01T00:00:00.200Z: cannot decide again')
  })

  it('names the line that has no host', async () => {
    const { code, stdout, stderr } = await explainId({}, { ...HOP, host: '' })

    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('no host (line 2 of 2: workload, 2026-01-01T00:00:00.200Z)')
  })

  it('names the line whose service it cannot see', async () => {
    const unknown = { time: HOP.time, host: 'a.example.com' }
    const { code, stderr } = await explain([{}, unknown], '--request-id', 'r1', '-n', 'team')

    expect(code).toBe(3)
    expect(stderr).toContain('line 2 of 2: gateway, 2026-01-01T00:00:00.200Z: cannot decide')
  })

  it('explains the 16 oldest lines, and counts the others', async () => {
    const { stdout } = await explainId(
      ...Array.from({ length: 19 }, (_, index) => ({ time: `t${99 - index}` })),
    )

    expect(headings(stdout)).toHaveLength(16)
    expect(stdout).toContain('line 1 of 19: gateway, t81\n')
    expect(stdout).toContain('line 16 of 19: gateway, t96\n')
    expect(stdout.endsWith('\nnot explained: 3 newer lines\n')).toBe(true)
  })

  it('lets no time of a line forge another line', async () => {
    const { stdout } = await explainId({ time: 'a\nnow: ALLOW' }, { time: 'b' })

    expect(headings(stdout)).toEqual([
      'line 1 of 2: gateway, a?now: ALLOW',
      'line 2 of 2: gateway, b',
    ])
  })

  it('needs the request id to choose among several lines', async () => {
    const { code, stderr } = await explain([{}, HOP])

    expect(code).toBe(2)
    expect(stderr).toBe('kserve-authz: explain: 2 lines; give one, or --request-id ID\n')
  })
})
