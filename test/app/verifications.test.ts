import { expect, it } from 'vitest'
import { createVerifications } from '../../src/app/verifications.ts'
import { readConfig } from '../../src/config/read-config.ts'

it('at most 1,024 signatures wait, of whatever namespaces they are', async () => {
  let sheds = 0
  const { inTurn } = createVerifications({
    config: readConfig({ env: {}, flags: {} }),
    manifests: undefined,
    reportProblem: () => {},
    reportFault: () => {},
    reportOutage: () => {},
    observeShed: () => {
      sheds += 1
    },
  })
  for (const tenant of ['a', 'b', 'c'])
    for (let count = 0; count < 400; count += 1)
      void inTurn({ tenant, name: 'iris' }, () => new Promise(() => {}))
  await expect.poll(() => sheds).toBe(3 * 400 - 16 - 1_024)
})
