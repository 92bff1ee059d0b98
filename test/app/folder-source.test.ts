import path from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { openEngine } from '../../src/app/engine.ts'
import { readConfig } from '../../src/config/read-config.ts'
import { aRequest } from '../../testing/builders.ts'
import { aFolder } from '../manifests/folders.ts'

const TOKEN = 'a-token-of-sixteen-bytes'

const MANIFESTS = `
{apiVersion: serving.kserve.io/v1beta1, kind: InferenceService, metadata: {name: iris, namespace: team}}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: reader, namespace: team}}
---
apiVersion: v1
kind: Secret
type: kubernetes.io/service-account-token
metadata: {name: reader, namespace: team, annotations: {kubernetes.io/service-account.name: reader}}
stringData: {token: ${TOKEN}}
`

const INSTALLATION = 'https://kubernetes.default.svc'

/** The answer to the token under policies that accept tokens for these audiences; `null`: they set none. */
async function answerWith(...audiences: readonly (readonly string[] | null)[]) {
  const policies = audiences.map((list, index) =>
    JSON.stringify({
      apiVersion: 'kserve-authz.io/v1alpha1',
      kind: 'AccessPolicy',
      metadata: { name: `policy-${index}`, namespace: 'team' },
      spec: {
        authentication: { kubernetes: list === null ? {} : { audiences: list } },
        allow: [{}],
      },
    }),
  )
  const { root } = await aFolder({ 'all.yaml': [MANIFESTS, ...policies].join('\n---\n') })
  const engine = await openEngine({
    config: readConfig({ env: {}, flags: { manifests: path.join(root) } }),
    manifests: root,
    reportProblem: () => {},
    reportFault: () => {},
    reportOutage: () => {},
  })
  onTestFinished(engine.close)
  const headers = { authorization: `Bearer ${TOKEN}` }
  const { decision } = await engine.authorize(aRequest({ host: 'iris.team.svc', headers }))
  return decision.outcome === 'allow' ? 'allow' : decision.reason
}

it.each<[title: string, audiences: readonly (readonly string[] | null)[], answer: string]>([
  ['the configured audiences', [null], 'allow'],
  ['one of these by its name', [[INSTALLATION]], 'allow'],
  ["a policy's own", [['models']], 'wrong-audience'],
  ['several of a policy', [['models', 'pipelines']], 'wrong-audience'],
  ['none', [[]], 'wrong-audience'],
  ["the configured ones, and then a policy's own", [null, ['models']], 'wrong-audience'],
  ["a policy's own, and then the configured ones", [['models'], null], 'wrong-audience'],
])('a token in a Secret, with %s as its audiences', async (_title, audiences, answer) => {
  expect(await answerWith(...audiences)).toBe(answer)
})

it('the contents of a folder count only while it is scanned', async () => {
  const { root } = await aFolder({ 'all.yaml': MANIFESTS })
  const engine = await openEngine({
    config: readConfig({ env: {}, flags: { manifests: root } }),
    manifests: root,
    reportProblem: () => {},
    reportFault: () => {},
    reportOutage: () => {},
  })
  onTestFinished(engine.close)
  const verdict = async () => {
    const { decision } = await engine.authorize(aRequest({ host: 'iris.team.svc' }))
    return decision.outcome === 'allow' ? 'allow' : decision.reason
  }
  expect(await verdict()).toBe('allow')
  expect(engine.stale()).toEqual([])

  const now = performance.now.bind(performance)
  let passed = 0
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now() + passed)
  onTestFinished(() => clock.mockRestore())
  const stale = () => engine.stale().map(({ fact, bound }) => `${fact} ${bound}`)
  passed = 300_001
  expect(stale()).toEqual(['pods address', 'routes address'])
  expect(await verdict()).toBe('allow')
  passed += 86_400_001
  expect(stale()).toEqual([
    'pods address',
    'pods object',
    'routes address',
    'routes object',
    'services object',
    'policies object',
    'keys object',
  ])
  expect(await verdict()).toBe('unknown-target')
  await expect.poll(verdict).toBe('allow')
})
