import { beforeEach, describe, expect, it } from 'vitest'
import {
  createKserveConfiguration,
  type KserveConfiguration,
} from '../../src/kubernetes/kserve-configuration.ts'

let changes: number
let told: string[]
let configuration: KserveConfiguration

beforeEach(() => {
  changes = 0
  told = []
  configuration = createKserveConfiguration({
    report: ({ message }) => void told.push(message),
    changed: () => {
      changes += 1
    },
  })
})

const put = (ingress: string, other = '') =>
  configuration.keeper.put({ key: 'kserve/x', version: '1', content: { data: { ingress, other } } })

describe("KServe's configuration", () => {
  it('is read, and what depends on it is read again', () => {
    put('{"ingressDomain":"a.com"}')
    expect(configuration.ingress()).toHaveProperty('domain', 'a.com')
    expect(changes).toBe(1)
  })

  it('is not read again where something else in it changed', () => {
    put('{"ingressDomain":"a.com"}', 'one')
    put('{"ingressDomain":"a.com"}', 'two')
    expect(changes).toBe(1)
  })

  it('adds nothing once it is gone', () => {
    put('{"ingressDomain":"a.com"}')
    configuration.keeper.remove('kserve/x')
    expect(configuration.ingress()).toBeUndefined()
    expect(changes).toBe(2)
  })

  it('that cannot be read adds nothing, and is told', () => {
    put('{"ingressDomain":"a.com"}')
    put('{')
    expect(configuration.ingress()).toBeUndefined()
    expect(told).toEqual(['data.ingress is no JSON object: it adds no host'])
  })
})
