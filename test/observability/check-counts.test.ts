import { expect, it } from 'vitest'
import { createCheckCounts } from '../../src/observability/check-counts.ts'
import { aService } from '../../testing/builders.ts'
import { turnsDuring } from '../../testing/working.ts'

/** Checks of as many services, each of which is then removed if `gone`; and what has been looked for. */
function counting(services: number, gone: boolean) {
  let lookUps = 0
  const there = new Set<string>()
  const { count, text } = createCheckCounts({ name: 'checks', help: 'Checks' }, true, {
    servicesNamed: ({ name }) => {
      lookUps += 1
      return there.has(name) ? [aService()] : []
    },
  })
  for (let index = 0; index < services; index += 1) {
    const name = `s-${index}`
    there.add(name)
    count({ namespace: 'team', name, outcome: 'allow', reason: '', credentialKind: 'none' })
    if (gone) there.delete(name)
  }
  return { lookUps, text }
}

it('series of removed services are dropped before anybody reads them', () => {
  expect(counting(1_000, true).lookUps).toBe(1_000)
  expect(counting(1_100, true).lookUps).toBeGreaterThan(1_100 + 1_024)
})

it('series are written out 2,000 at a time', async () => {
  const { text } = counting(9_000, false)
  const { turns } = await turnsDuring(text)
  expect(turns).toBeGreaterThanOrEqual(4)
})
