import { describe, expect, it } from 'vitest'
import { readConfig } from '../../src/config/read-config.ts'

const numbered = <T>(length: number, make: (index: number) => T): T[] =>
  Array.from({ length }, (_, index) => make(index))
const read = (config: object) =>
  readConfig({ file: { path: 'config.yaml', text: JSON.stringify(config) }, env: {}, flags: {} })

const names = (length: number) => numbered(length, (index) => `gw/g-${index}`)
const model = { namespace: 'team', name: 'iris' }
const proxies = (proxy: object) => ({ gateways: { proxies: [proxy] } })
const byLabels = { namespace: 'gw', podLabels: { app: 'envoy' } }

type Row = readonly [title: string, most: number, make: (count: number) => object]

const ROWS: readonly Row[] = [
  [
    'hosts',
    4_096,
    (count) => ({
      gateways: {
        hosts: numbered(count, (index) => ({ host: `h${index}.example.com`, ...model })),
      },
    }),
  ],
  [
    'llmHosts',
    4_096,
    (count) => ({ gateways: { llmHosts: numbered(count, (index) => `h${index}.example.com`) } }),
  ],
  ['asking gateways', 256, (count) => ({ gateways: { asking: names(count) } })],
  [
    'gateways of a host',
    256,
    (count) => ({
      gateways: { hosts: [{ host: 'h.example.com', ...model, gateways: names(count) }] },
    }),
  ],
  [
    'proxies',
    256,
    (count) => ({
      gateways: {
        proxies: numbered(count, (index) => ({
          ...byLabels,
          namespace: `n-${index}`,
          gateways: ['gw/a'],
        })),
      },
    }),
  ],
  [
    'addresses of a proxy',
    256,
    (count) =>
      proxies({
        addresses: numbered(count, (index) => `10.0.${index >> 8}.${index & 255}`),
        gateways: ['gw/a'],
      }),
  ],
  [
    'gateways of an address',
    256,
    (count) => proxies({ addresses: ['10.0.0.1'], gateways: names(count) }),
  ],
  ['gateways of labels', 256, (count) => proxies({ ...byLabels, gateways: names(count) })],
  [
    'origins',
    256,
    (count) => ({ cors: { origins: numbered(count, (index) => `https://o${index}.example.com`) } }),
  ],
  ['headers', 64, (count) => ({ cors: { headers: numbered(count, (index) => `x-${index}`) } })],
  ['seconds of preflights', 86_400, (maxAge) => ({ cors: { maxAge } })],
  ['bytes of a token', 65_536, (maxTokenBytes) => ({ jwt: { maxTokenBytes } })],
  [
    'seconds of clock skew',
    300,
    (clockSkew) => ({
      jwt: {
        providers: [
          { name: 'idp', issuer: 'https://idp.example.com', audiences: ['models'], clockSkew },
        ],
      },
    }),
  ],
]

describe('the configuration', () => {
  it.each(ROWS)('is refused beyond a number: %s, %d', (_title, most, make) => {
    expect(() => read(make(most))).not.toThrow()
    expect(() => read(make(most + 1))).toThrow(/config.yaml: .*/)
  })
})
