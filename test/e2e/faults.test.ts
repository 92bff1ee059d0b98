import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { get } from '../../scripts/child.ts'
import { TEAM } from '../../testing/envoy/team.ts'
import { at } from '../../testing/json.ts'
import { type Service, startService } from '../../testing/service.ts'

const ROOT = path.join(import.meta.dirname, '../..')

/** Triggers bugs on demand, with a secret message; the place of a bug is in the text of this module. */
const BUGS = `
  const message = ['a', 'secret'].join('-')
  process.on('SIGUSR2', () => void Promise.reject(new Error(message)))
  process.on('SIGHUP', () => setImmediate(() => { throw new TypeError(message) }))`
const WITH_BUGS = `data:text/javascript,${encodeURIComponent(BUGS)}`

const PATIENCE = { timeout: 60_000, interval: 20 }

let service: Service

beforeEach(async () => {
  const command = [process.execPath, '--import', WITH_BUGS, 'src/main.ts'] as const
  service = await startService({
    folder: TEAM,
    program: () => ({ command: [...command], cwd: ROOT }),
  })
})
afterEach(() => service?.stop())

const messages = () => service.log.map((line) => at(line, 'msg'))

it('an unhandled rejection is reported and counted, and the service continues', async () => {
  const page = (name: string) => get(`http://127.0.0.1:${service.httpPort}/${name}`)
  const counted = async () => (await page('metrics')).text
  expect(await counted()).toContain('internal_errors_total{origin="background"} 0')
  service.signal('SIGUSR2')
  await expect.poll(counted, PATIENCE).toContain('internal_errors_total{origin="background"} 1')
  expect(await page('readyz')).toHaveProperty('status', 200)
  expect(messages()).toContain('bug: unhandled promise rejection')
  expect(JSON.stringify(service.log)).not.toContain('a-secret')
})

it('an uncaught exception shuts the service down in order, so that it is restarted', async () => {
  service.signal('SIGHUP')
  expect(await service.ended).toBe('the service ended with exit code 1')
  expect(messages()).toEqual(
    expect.arrayContaining(['bug: uncaught exception, the program ends', 'stopping', 'stopped']),
  )
  expect(service.log).toContainEqual(
    expect.objectContaining({ level: 'error', fault: expect.stringMatching(/^TypeError at /) }),
  )
  expect(JSON.stringify(service.log)).not.toContain('a-secret')
})
