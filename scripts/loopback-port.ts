import { createServer } from 'node:net'

const LOOPBACK = '127.0.0.1'

/** Which code a port of 127.0.0.1 refuses with; `undefined`: it is free (0: some port is). */
async function tryPort(port: number) {
  const server = createServer()
  const refused = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    server.once('error', resolve)
    server.listen(port, LOOPBACK, () => resolve(undefined))
  })
  const address = server.address()
  const bound = typeof address === 'object' && address !== null ? address.port : port
  await new Promise((resolve) => server.close(resolve))
  return refused === undefined ? { port: bound } : { refused: refused.code ?? refused.message }
}

/** Reads PORT: a port that can be opened, or 0. Throws one sentence. */
export async function readPort(text: string): Promise<number> {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (!(port <= 65_535)) throw new Error(`PORT is a number from 0 to 65535, not "${text}"`)
  const { refused } = await tryPort(port)
  if (refused === undefined) return port
  const advice = 'choose another, as in `PORT=8081 make run`'
  if (refused === 'EADDRINUSE') {
    throw new Error(`port ${port} of ${LOOPBACK} is taken: stop what listens there, or ${advice}`)
  }
  throw new Error(`port ${port} of ${LOOPBACK} cannot be opened (${refused}): ${advice}`)
}

/** A free port: the preferred one if it is. */
export async function freePort(preferred: number): Promise<number> {
  const { port } = await tryPort(preferred)
  return port ?? (await tryPort(0)).port ?? 0
}
