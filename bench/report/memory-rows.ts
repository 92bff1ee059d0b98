import type { Memory } from '../measure/memory.ts'
import { table } from './markdown.ts'

/** A table with a row for each world. */
export const memoryTable = (
  rows: readonly Memory[],
  goalsOf: (name: string) => string = () => '',
): string =>
  table([
    [
      'memory, MiB',
      'ready',
      'after the load',
      'after twice the load',
      'checks of a load',
      'promise',
    ],
    ...rows.map(({ name, ready, loaded, more, checks }) => [
      name,
      ...[ready, loaded, more].map(String),
      checks.toLocaleString('en'),
      goalsOf(name),
    ]),
  ])
