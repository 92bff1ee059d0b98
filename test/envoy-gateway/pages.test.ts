import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { load, loadAll } from 'js-yaml'
import { describe, expect, it } from 'vitest'
import { readConfig } from '../../src/config/read-config.ts'
import { listAt, textAt } from '../../testing/json.ts'
import { brokenLinksOf } from '../../testing/markdown.ts'

const ROOT = path.join(import.meta.dirname, '../..')
const FOLDER = 'docs/envoy-gateway'
const PAGES = readdirSync(path.join(ROOT, FOLDER)).map((page) => `${FOLDER}/${page}`)
const textOf = (page: string) => readFileSync(path.join(ROOT, page), 'utf8')

it.each(['envoy-gateway/README.md', ...PAGES])('%s has valid links', (page) => {
  expect(brokenLinksOf(page)).toEqual([])
})

it('every page is reachable from the first', () => {
  const first = textOf('envoy-gateway/README.md')
  expect(PAGES.filter((page) => !first.includes(`../${page})`))).toEqual([])
})

it.each(['gateway', 'network'])('%s says what it protects, and how to test and undo it', (name) => {
  const headings = textOf(`${FOLDER}/${name}.md`).match(/^## (What it|Test|Undo).*$/gm)
  expect(headings).toEqual([
    '## What it protects',
    '## What it does not protect',
    '## Test it',
    '## Undo it',
  ])
})

it('the page of the Gateway has a valid configuration', () => {
  const [, text = ''] = /```yaml\n(grpc:[\s\S]*?)```/.exec(textOf(`${FOLDER}/gateway.md`)) ?? []
  const { grpc } = readConfig({ file: { path: 'config.yaml', text }, env: {}, flags: {} })
  expect(grpc.listeners.map(({ route }) => route)).toEqual([undefined, 'required'])
})

describe('the SecurityPolicy', () => {
  const policy: unknown = load(textOf('envoy-gateway/gateway/security-policy.yaml'))
  const service = loadAll(textOf('deploy/service.yaml'))[0]

  it('uses the port of the gateway listener', () => {
    const [ref] = listAt(policy, 'spec', 'extAuth', 'grpc', 'backendRefs')
    const ports = listAt(service, 'spec', 'ports').filter(
      (port) => textAt(port, 'name') === 'grpc-gateway',
    )
    expect(ref).toEqual({ name: 'kserve-authz', namespace: 'kserve-authz', port: 9003 })
    expect(ports).toMatchObject([{ port: 9003 }])
  })

  it('fails closed, within half a second, and passes the route that Envoy selected', () => {
    expect(policy).toMatchObject({
      spec: {
        extAuth: {
          timeout: '500ms',
          statusOnError: 503,
          failOpen: false,
          includeRouteMetadata: true,
        },
      },
    })
  })
})
