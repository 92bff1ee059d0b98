import { expect, it } from 'vitest'
import { once } from '../../src/cli/look.ts'
import { createTroubles } from '../../src/cli/troubles.ts'

it('of troubles without end, only the newest are kept', () => {
  const troubles = createTroubles()
  for (let index = 0; index < 5_000; index += 1) troubles.add('pods', `trouble ${index}.`)

  expect(troubles.all()).toHaveLength(1_000)
  expect(troubles.all()).toContain('trouble 4999.')
})

it('a line is not repeated, and of lines without end not all are kept', () => {
  const lines: string[] = []
  const tell = once(
    (line: string) => line,
    (line) => lines.push(line),
  )
  for (const line of ['a', 'a', 'b']) tell(line)
  expect(lines).toEqual(['a\n', 'b\n'])

  for (let index = 0; index < 10_000; index += 1) tell(`${index}`)
  lines.length = 0
  tell('a')
  expect(lines).toEqual(['a\n'])
})
