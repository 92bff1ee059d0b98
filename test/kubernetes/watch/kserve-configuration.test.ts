import { beforeEach, describe, expect, it } from 'vitest'
import { createDirectory } from '../../../src/access/directory.ts'
import { createKserveConfiguration } from '../../../src/kubernetes/watch/kserve-configuration.ts'

let changes: number
let told: string[]
let configuration: ReturnType<typeof createKserveConfiguration>
let modelHeaders: ReturnType<typeof createDirectory>['modelHeaders']

beforeEach(() => {
  changes = 0
  told = []
  modelHeaders = createDirectory().modelHeaders
  configuration = createKserveConfiguration({
    kserveNamespace: 'kserve',
    modelHeaders,
    report: ({ message }) => void told.push(message),
    changed: () => {
      changes += 1
    },
  })
})

const put = (ingress: string, other = '') =>
  configuration.handler.put({
    key: 'kserve/x',
    version: '1',
    content: { data: { ingress, other } },
  })

describe("KServe's configuration", () => {
  it('is read, and dependent objects are read again', () => {
    put('{"ingressDomain":"a.com"}')
    expect(configuration.current().ingress).toHaveProperty('domain', 'a.com')
    expect(changes).toBe(1)
  })

  it('causes no second read if something else in it changed', () => {
    put('{"ingressDomain":"a.com"}', 'one')
    put('{"ingressDomain":"a.com"}', 'two')
    expect(changes).toBe(1)
  })

  it('adds nothing once it is removed', () => {
    put('{"ingressDomain":"a.com"}')
    configuration.handler.remove('kserve/x')
    expect(configuration.current().ingress).toBeUndefined()
    expect(changes).toBe(2)
  })

  it('that does not exist is told, once', () => {
    configuration.read()
    configuration.read()
    expect(told).toEqual([expect.stringContaining('kubernetes.kserveNamespace')])
  })

  it('that exists is not told of', () => {
    put('{"ingressDomain":"a.com"}')
    configuration.read()
    expect(told).toEqual([])
  })

  it('that is unreadable adds nothing, and is reported', () => {
    put('{"ingressDomain":"a.com"}')
    put('{')
    expect(configuration.current().ingress).toBeUndefined()
    expect(told).toEqual(['data.ingress is not a JSON object: it is ignored'])
  })

  it('sets the model header in addition to the default', () => {
    put('{"modelBasedRoutingHeaderName":"X-AI-EG-Model"}')
    expect(modelHeaders.get()).toEqual(['x-gateway-model-name', 'x-ai-eg-model'])
    put('{"modelBasedRoutingHeaderName":"a b"}')
    expect(modelHeaders.get()).toEqual(['x-gateway-model-name'])
    expect(told).toEqual([
      'data.ingress.modelBasedRoutingHeaderName is not a header name: it is ignored',
    ])
  })

  it('keeps the previous header while it is unreadable', () => {
    put('{"modelBasedRoutingHeaderName":"x-ai-eg-model"}')
    put('{')
    expect(modelHeaders.get()).toEqual(['x-gateway-model-name', 'x-ai-eg-model'])
  })

  it('sets the default deployment mode of services', () => {
    const data = { deploy: '{"defaultDeploymentMode":"Standard"}' }
    configuration.handler.put({ key: 'kserve/x', version: '1', content: { data } })
    expect(configuration.current().defaultDeploymentMode).toBe('Standard')
  })
})
