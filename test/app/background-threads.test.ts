import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

// In a program of its own: the priority cannot be raised again.
const PROGRAM = `
  import { readdirSync, readFileSync } from 'node:fs'
  import { yieldToEventLoop } from './src/app/background-threads.ts'
  await yieldToEventLoop()
  const threads = readdirSync('/proc/self/task').map((id) => {
    const stat = readFileSync('/proc/self/task/' + id + '/stat', 'utf8')
    const [name] = /(?<=\\().*(?=\\))/.exec(stat)
    const nice = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16])
    return [Number(id) === process.pid ? 'main' : name, nice]
  })
  console.log(JSON.stringify(threads))
`

it.runIf(process.platform === 'linux')(
  'the threads of libuv and V8 have a lower priority than the event loop, and those of libuv the lowest',
  async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--input-type=module',
      '--eval',
      PROGRAM,
    ])
    const threads: readonly [name: string, nice: number][] = JSON.parse(stdout)
    const niceOf = (wanted: string) =>
      threads.flatMap(([name, nice]) => (name === wanted ? nice : []))
    const [own = 0] = niceOf('main')
    expect(own).toBeLessThan(19)
    const nices = { V8Worker: Math.min(own + 2, 19), 'libuv-worker': Math.min(own + 10, 19) }
    for (const [name, nice] of Object.entries(nices)) {
      expect(niceOf(name).length).toBeGreaterThan(0)
      expect(new Set(niceOf(name))).toEqual(new Set([nice]))
    }
  },
)
