import { readFileSync } from 'node:fs'
import { createLocalJWKSet, jwtVerify } from 'jose'

// The cost of verifying tokens and nothing else, with the same concurrency as the load.
// Prints one line of JSON. Usage: verify-alone.ts JWKS TOKENS ISSUER AUDIENCE ALGORITHM

const [jwksFile = '', tokensFile = '', issuer = '', audience = '', algorithm = ''] =
  process.argv.slice(2)

const UNDER_WAY = 128
const WARM_UP = 2_000

const getKey = createLocalJWKSet(JSON.parse(readFileSync(jwksFile, 'utf8')))
const tokens = readFileSync(tokensFile, 'utf8').trimEnd().split('\n')
const options = {
  issuer,
  audience: [audience],
  algorithms: [algorithm],
  clockTolerance: 30,
  requiredClaims: ['exp'],
}

async function verifyAll(some: readonly string[]) {
  let next = 0
  const worker = async () => {
    for (;;) {
      const token = some[next]
      if (token === undefined) return
      next += 1
      await jwtVerify(token, getKey, options)
    }
  }
  await Promise.all(Array.from({ length: UNDER_WAY }, worker))
}

await verifyAll(tokens.slice(0, WARM_UP))
const measured = tokens.slice(WARM_UP)
const start = process.cpuUsage()
await verifyAll(measured)
const { user, system } = process.cpuUsage(start)
process.stdout.write(`${JSON.stringify({ microseconds: (user + system) / measured.length })}\n`)
