import { expect, it } from 'vitest'
import { runIn } from '../../testing/command-line.ts'

const TOKENS = { KSERVE_AUTHZ_HTTP_AUTH: 'tokenReview' }
const FOLDER = ['--manifests', 'examples/quickstart']

it('the service does not start without an API server that reviews tokens for metrics', async () => {
  const { code, stderr } = await runIn(TOKENS, 'serve', ...FOLDER)
  expect([code, stderr]).toEqual([2, expect.stringContaining('`tokenReview` needs an API server')])
})

it('a command reads such a configuration without one', async () => {
  const url = 'http://fraud-demo.example.com/healthz'
  expect((await runIn(TOKENS, 'check', ...FOLDER, 'GET', url)).stderr).not.toContain('tokenReview')
})
