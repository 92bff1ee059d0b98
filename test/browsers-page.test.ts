import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readConfig } from '../src/config/read-config.ts'

const page = readFileSync(new URL('../docs/browsers.md', import.meta.url), 'utf8')
const examples = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = '']) => text)

describe('the page about browsers', () => {
  it('has valid configurations', () => {
    const configs = examples.map((text) =>
      readConfig({ file: { path: 'example.yaml', text }, env: {}, flags: {} }),
    )
    expect(
      configs.map(({ cors, webSocketProtocols }) => [
        cors.origins.length,
        webSocketProtocols.length,
      ]),
    ).toEqual([
      [2, 0],
      [1, 0],
      [0, 1],
    ])
  })
})
