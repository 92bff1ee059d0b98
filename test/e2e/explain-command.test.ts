import { describe, expect, it } from 'vitest'
import { run, runWith } from '../../testing/command-line.ts'
import { TEAM } from '../../testing/envoy/team.ts'

const LINE = {
  time: '2026-01-01T00:00:00.000Z',
  requestId: 'r1',
  namespace: 'team',
  name: 'sk',
  component: '',
  position: 'gateway',
  method: 'GET',
  host: 'sk-team.example.com',
  path: '/v1/models/m',
  source: '',
  principal: '',
  destination: '',
  decision: 'deny',
  reason: 'not-permitted',
  credentialKind: 'kubernetes',
  credential: 'team/reader',
  latencyUs: 1,
}

const lineOf = (own: Partial<typeof LINE> = {}) => JSON.stringify({ ...LINE, ...own })
const explain = (own: Partial<typeof LINE>, ...args: readonly string[]) =>
  run('explain', lineOf(own), '--manifests', TEAM, ...args)

describe.concurrent('explain', () => {
  it('decides the request of a line again, and says what has changed', async () => {
    const { code, stdout } = await explain({})

    expect(code).toBe(0)
    expect(stdout.split('\n').slice(0, 5)).toEqual([
      'configuration: defaults',
      'then: DENY not-permitted (2026-01-01T00:00:00.000Z)',
      'now: ALLOW',
      'changed: the decision, from DENY not-permitted to ALLOW',
      '  target: InferenceService team/sk, at a gateway',
    ])
  })

  it('says that nothing has changed', async () => {
    const { code, stdout } = await explain({
      reason: 'missing-credential',
      credentialKind: 'none',
      credential: '',
    })

    expect(code).toBe(1)
    expect(stdout).toContain('\nchanged: nothing\n')
  })

  it('assumes the key that the line names', async () => {
    const { stdout } = await explain({
      name: 'bare',
      host: 'bare-team.example.com',
      decision: 'allow',
      reason: '',
      credentialKind: 'api-key',
      credential: 'team/key-of-last-year',
    })

    expect(stdout).toContain('now: DENY expired-api-key')
    expect(stdout).toContain('the key of Secret team/key-of-last-year expired at')
  })

  it('asks as the sidecar that asked', async () => {
    const { stdout } = await explain({
      position: 'workload',
      destination: '127.0.0.11:8080',
      path: '/metrics',
      decision: 'allow',
      reason: '',
      credentialKind: 'none',
      credential: '',
    })

    expect(stdout).toContain('at pod team/')
  })

  it('finds the line of a request id', async () => {
    const input = [lineOf({ requestId: 'other' }), 'not a line', lineOf()].join('\n')
    const args = ['explain', '--request-id', 'r1', '--manifests', TEAM] as const
    const { code, stdout } = await runWith({ input }, ...args)

    expect(code).toBe(0)
    expect(stdout).toContain('now: ALLOW')
  })

  it.each([
    ['a token', { reason: 'expired-token', credentialKind: 'none', credential: '' }],
    ['a JWT', { credentialKind: 'jwt', credential: 'https://a.example x' }],
  ])('does not decide without the credential: %s', async (_title, own) => {
    const { code, stdout, stderr } = await explain(own)

    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(stderr).toContain('the credential is not in the log')
    expect(stderr).toContain(
      'kserve-authz check -H @FILE GET http://sk-team.example.com/v1/models/m',
    )
  })

  it.each([
    ['no line', 'text', [], 'expected a line of the decision log'],
    ['several lines', `${lineOf()}\n${lineOf()}`, [], '2 lines'],
    ['an unknown request id', lineOf(), ['--request-id', 'r2'], 'no line has the request id r2'],
    ['a line without a host', lineOf({ host: '' }), [], 'no method or no host'],
  ])('exits with 2 for %s', async (_title, input, args, told) => {
    const { code, stdout, stderr } = await runWith(
      { input },
      'explain',
      '--manifests',
      TEAM,
      ...args,
    )

    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(told)
  })
})
