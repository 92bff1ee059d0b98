import { createServer } from 'node:net'

const LOOPBACK = '127.0.0.1'

/** Opens a port of the loopback address (0: any), or returns the error code. */
async function openPort(port: number) {
  const server = createServer()
  const refused = await new Promise<string | undefined>((resolve) => {
    server.once('error', (fault: NodeJS.ErrnoException) => resolve(fault.code ?? fault.message))
    server.listen(port, LOOPBACK, () => resolve(undefined))
  })
  const address = server.address()
  const bound = typeof address === 'object' && address !== null ? address.port : port
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()))
  return { port: bound, refused, close }
}

/** Reads PORT: a port that can be opened now, or 0. Rejects with one sentence. */
export async function readPort(text: string): Promise<number> {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (!(port <= 65_535)) throw new Error(`PORT must be a number from 0 to 65535, not "${text}"`)
  const { refused, close } = await openPort(port)
  await close()
  if (refused === undefined) return port
  const advice = 'choose another, as in `PORT=8081 make run`'
  if (refused === 'EADDRINUSE') {
    throw new Error(
      `port ${port} of ${LOOPBACK} is in use: stop the program that listens on it, or ${advice}`,
    )
  }
  throw new Error(`port ${port} of ${LOOPBACK} cannot be opened (${refused}): ${advice}`)
}

/** Three different free ports, preferably the given ones. */
export async function freePorts(
  preferred: readonly [number, number, number],
): Promise<readonly [number, number, number]> {
  const [first, second, third] = preferred
  const one = await openPortNear(first)
  const other = await openPortNear(second)
  const last = await openPortNear(third)
  await Promise.all([one.close(), other.close(), last.close()])
  return [one.port, other.port, last.port]
}

async function openPortNear(preferred: number) {
  const opened = await openPort(preferred)
  return opened.refused === undefined ? opened : openPort(0)
}
