import { Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { createLog, type LogFields, withoutRepeats } from '../../src/observability/log.ts'

function recorder() {
  const chunks: string[] = []
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      chunks.push(chunk.toString())
      done()
    },
  })
  return { stream, text: () => chunks.join('') }
}

describe('the log of the program', () => {
  it('has a line of JSON per message, with its fields', () => {
    const { stream, text } = recorder()
    createLog('info', () => stream).warn({ file: 'team.yaml', line: 3 }, 'file cannot be read')
    expect(text()).toMatch(/^\{.*\}\n$/)
    expect(JSON.parse(text())).toEqual({
      level: 'warn',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      file: 'team.yaml',
      line: 3,
      msg: 'file cannot be read',
    })
  })

  it('contains messages of its level and above', () => {
    const { stream, text } = recorder()
    const log = createLog('warn', () => stream)
    for (const level of ['debug', 'info', 'warn', 'error'] as const) log[level]({}, level)
    expect(text().match(/"msg":"\w+"/g)).toEqual(['"msg":"warn"', '"msg":"error"'])
  })

  it('keeps a message on one line of ASCII', () => {
    const { stream, text } = recorder()
    createLog('info', () => stream).info({ file: 'a\nb\u2028c\u009bd\u{1f600}' }, 'read')
    expect(text()).toMatch(/^[\x20-\x7e]+\n$/)
    expect(JSON.parse(text())).toMatchObject({ file: 'a\nb\u2028c\u009bd\u{1f600}' })
  })
})

describe('a repeated message', () => {
  it('is logged once per period, and then with the number of repetitions', () => {
    let now = 0
    const told: [LogFields, string][] = []
    const write = withoutRepeats(
      (fields, message) => told.push([fields, message]),
      1_000,
      () => now,
    )
    for (const at of [0, 10, 999]) {
      now = at
      write({ at }, 'lost')
    }
    write({}, 'other')
    now = 1_000
    write({ at: 1_000 }, 'lost')
    expect(told).toEqual([
      [{ at: 0 }, 'lost'],
      [{}, 'other'],
      [{ at: 1_000, repeated: 2 }, 'lost'],
    ])
  })
})
