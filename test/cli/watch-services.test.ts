import { expect, it } from 'vitest'
import type { ServiceRow } from '../../src/cli/describe-service.ts'
import { formatsOf } from '../../src/cli/services-format.ts'
import { changesBetween, watchServices } from '../../src/cli/watch-services.ts'

const aRow = (own: Partial<ServiceRow> = {}): ServiceRow => ({
  kind: 'InferenceService',
  namespace: 'team',
  name: 'iris',
  protection: 'protected',
  why: 'annotation enable-auth',
  routes: [],
  policies: [],
  keys: [],
  guard: 'no pods',
  checked: null,
  ...own,
})

/** Watches these states one after the other, until they end. */
async function watched(
  states: readonly (readonly ServiceRow[])[],
  { isShown = () => true, troubles = [] }: Partial<Watched> = {},
) {
  const shown: ServiceRow[] = []
  const told: string[] = []
  let at = 0
  await new Promise<void>((resolve, reject) => {
    const stopped = Promise.withResolvers<void>()
    watchServices(states[0] ?? [], {
      rowsNow: async () => {
        at += 1
        if (at >= states.length - 1) stopped.resolve()
        return states[at] ?? []
      },
      isShown,
      show: (row) => shown.push(row),
      troublesNow: () => troubles[at] ?? [],
      tell: (line) => told.push(line),
      stopped: stopped.promise,
    }).then(resolve, reject)
  })
  return { shown, told }
}

type Watched = {
  readonly isShown: (row: ServiceRow) => boolean
  readonly troubles: readonly (readonly string[])[]
}

it('a service is shown again when something about it changes, and when it is new or gone', () => {
  const [iris, other, open] = [aRow(), aRow({ name: 'other' }), aRow({ protection: 'open' })]

  expect(changesBetween([iris, other], [aRow(), other])).toEqual([])
  expect(changesBetween([iris, other], [open, other])).toEqual([[iris, open]])
  expect(changesBetween([iris], [iris, other])).toEqual([[undefined, other]])
  expect(changesBetween([iris, other], [other])).toMatchObject([
    [iris, { name: 'iris', protection: 'deleted' }],
  ])
})

it('of services that are declared twice, each is followed', () => {
  const [one, two] = [aRow(), aRow({ why: 'label enable-auth' })]

  expect(changesBetween([one, two], [one, two])).toEqual([])
  expect(changesBetween([one, two], [one])).toMatchObject([[two, { protection: 'deleted' }]])
})

it('a watch of open services also shows one that is no longer open', async () => {
  const [open, closed] = [aRow({ protection: 'open' }), aRow()]
  const isShown = ({ protection }: ServiceRow) => protection === 'open'
  const { shown } = await watched([[closed], [open], [closed], [aRow({ why: 'x' })]], { isShown })

  expect(shown).toEqual([open, closed])
})

it('a trouble is told when it begins, as one line', async () => {
  const troubles = [['old'], ['old', 'n\new'], ['old', 'n\new'], ['old'], ['n\new']]
  const { told } = await watched([[], [], [], [], []], { troubles })

  expect(told).toEqual(['not read: n?ew\n', 'not read: n?ew\n'])
})

it('a changed line has the columns of the table', () => {
  const { begin, change } = formatsOf('table', [aRow()])
  const [heading = ''] = begin.split('\n')

  expect(change(aRow({ protection: 'open' })).indexOf('open')).toBe(heading.indexOf('PROTECTION'))
})

it('programs get one line of JSON, or one document of YAML, for each service', () => {
  const row = aRow()

  expect(
    formatsOf('json', [row, row])
      .begin.trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual([row, row])
  expect(formatsOf('yaml', [row]).change(row)).toMatch(/^---\nkind: InferenceService\n/)
})
