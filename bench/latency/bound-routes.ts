import { parseArgs } from 'node:util'
import { tryRoutes } from '../../testing/gateway-api/run.ts'

// Sends random requests on random routes that a gateway names; no proxy takes part.
// Usage: bound-routes.ts [--cases N] [--seed FIRST]; fails if a request is allowed that must be denied.

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
  },
})

const { wrong, refused, ...counts } = tryRoutes(Number(values.seed), Number(values.cases))
console.log({ ...counts, wrong: wrong.length, refused: refused.length })
for (const each of [...wrong, ...refused].slice(0, 3)) console.log(each)
process.exitCode = wrong.length + refused.length === 0 ? 0 : 1
