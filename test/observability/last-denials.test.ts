import { describe, expect, it } from 'vitest'
import { createDirectory } from '../../src/access/directory.ts'
import type { ServiceRef } from '../../src/access/service.ts'
import { createLastDenials, MAX_LAST_DENIALS } from '../../src/observability/last-denials.ts'
import { aService } from '../../testing/builders.ts'
import { turnsDuring } from '../../testing/working.ts'

const named = (name: string): ServiceRef => ({ kind: 'InferenceService', namespace: 'team', name })

function keeping(...names: readonly string[]) {
  const directory = createDirectory()
  for (const name of names) directory.services.put(name, aService(named(name)))
  const denials = createLastDenials(directory)
  const deny = (name: string, time: number) =>
    denials.observe(named(name), { time, reason: 'not-permitted', position: 'gateway' })
  const shown = async (): Promise<unknown> => JSON.parse(await denials.text())
  return { directory, denials, deny, shown }
}

const numbered = (count: number) => Array.from({ length: count }, (_, index) => `model-${index}`)

describe('the last denial of a service', () => {
  it('has its time, reason and position, and nothing else', async () => {
    const { denials, shown } = keeping('iris')
    const service = aService({ ...named('iris'), models: ['a'] })
    denials.observe(service, { time: 0, reason: 'missing-credential', position: 'workload' })

    expect(await shown()).toEqual({
      denials: [
        {
          ...named('iris'),
          time: '1970-01-01T00:00:00.000Z',
          reason: 'missing-credential',
          position: 'workload',
        },
      ],
    })
  })

  it('replaces the one before', async () => {
    const { denials, deny, shown } = keeping('iris')
    deny('iris', 0)
    denials.observe(named('iris'), { time: 1_000, reason: 'expired-token', position: 'workload' })

    expect(await shown()).toEqual({
      denials: [
        {
          ...named('iris'),
          time: '1970-01-01T00:00:01.000Z',
          reason: 'expired-token',
          position: 'workload',
        },
      ],
    })
  })

  it('is kept apart from that of a service of the same name and another kind', async () => {
    const { directory, denials, deny, shown } = keeping('iris')
    const llm = aService({ ...named('iris'), kind: 'LLMInferenceService' })
    directory.services.put('llm', llm)
    deny('iris', 0)
    denials.observe(llm, { time: 0, reason: 'invalid-token', position: 'gateway' })

    expect(await shown()).toMatchObject({
      denials: [
        { kind: 'InferenceService', reason: 'not-permitted' },
        { kind: 'LLMInferenceService', reason: 'invalid-token' },
      ],
    })
  })

  it('goes with the service, and a check that ends later does not restore it', async () => {
    const { directory, deny, shown } = keeping('iris')
    deny('iris', 0)
    directory.services.remove('iris')
    expect(await shown()).toEqual({ denials: [] })
    deny('iris', 1)
    directory.services.put('iris', aService(named('iris')))
    expect(await shown()).toEqual({ denials: [] })
  })
})

describe('the last denials of many services', () => {
  it('are bounded: the oldest ones go first', async () => {
    const names = numbered(MAX_LAST_DENIALS + 1)
    const { deny, shown } = keeping(...names)
    for (const [index, name] of names.slice(0, -1).entries()) deny(name, index)
    deny('model-0', MAX_LAST_DENIALS)
    deny(`model-${MAX_LAST_DENIALS}`, MAX_LAST_DENIALS)
    const text = JSON.stringify(await shown())
    const has = (index: number) => text.includes(`"model-${index}"`)

    expect(text.split('"name"').length - 1).toBe(MAX_LAST_DENIALS / 2 + 1)
    expect([0, 1, MAX_LAST_DENIALS - 1, MAX_LAST_DENIALS].map(has)).toEqual([
      true,
      false,
      true,
      true,
    ])
  })

  it('of removed services go before those of others', async () => {
    const names = numbered(MAX_LAST_DENIALS + 1)
    const { directory, deny, shown } = keeping(...names)
    for (const name of names.slice(0, -1)) deny(name, name === 'model-0' ? 0 : 1)
    for (const name of names.slice(1, MAX_LAST_DENIALS - 1)) directory.services.remove(name)
    deny(`model-${MAX_LAST_DENIALS}`, 1)

    expect(await shown()).toMatchObject({
      denials: [
        { name: 'model-0' },
        { name: `model-${MAX_LAST_DENIALS - 1}` },
        { name: `model-${MAX_LAST_DENIALS}` },
      ],
    })
  })

  it('are rendered in slices', async () => {
    const names = numbered(5_000)
    const { denials, deny } = keeping(...names)
    for (const name of names) deny(name, 0)
    const { turns } = await turnsDuring(denials.text)

    expect(turns).toBeGreaterThanOrEqual(2)
  })
})
