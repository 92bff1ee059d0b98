import { createConnection, createServer, type Socket } from 'node:net'

/** The treatment of bytes: forward them, hold them, or forward them in small pieces; or refuse connections. */
type Mode = 'pass' | 'hang' | 'drip' | 'refuse'

export type TestProxy = Awaited<ReturnType<typeof startProxy>>

const DRIP_BYTES = 100
const DRIP_MS = 1

/** A proxy in front of a server on loopback, which treats its connections like a bad network. */
export async function startProxy(port: number) {
  const pairs = new Set<readonly [Socket, Socket]>()
  let mode: Mode = 'pass'

  const server = createServer((client) => {
    if (mode === 'refuse') return void client.resetAndDestroy()
    const upstream = createConnection(port, '127.0.0.1')
    const pair = [client, upstream] as const
    pairs.add(pair)
    const end = () => {
      pairs.delete(pair)
      for (const socket of pair) socket.destroy()
    }
    for (const socket of pair) socket.on('error', end).on('close', end)
    client.on('data', (bytes: Buffer) => pass(bytes, upstream))
    upstream.on('data', (bytes: Buffer) => void drip(bytes, client))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()

  const pass = (bytes: Buffer, to: Socket) => {
    if (mode !== 'hang' && to.writable) to.write(bytes)
  }
  /** In order, even if more arrive before the last ones are sent. */
  const last = new WeakMap<Socket, Promise<void>>()
  const drip = (bytes: Buffer, to: Socket) => {
    const before = last.get(to)
    if (mode !== 'drip' && before === undefined) return pass(bytes, to)
    const after = (before ?? Promise.resolve()).then(() => inDrops(bytes, to))
    last.set(to, after)
    return after
  }
  const inDrops = async (bytes: Buffer, to: Socket) => {
    for (let at = 0; at < bytes.length; at += DRIP_BYTES) {
      pass(bytes.subarray(at, at + DRIP_BYTES), to)
      await new Promise((resolve) => setTimeout(resolve, DRIP_MS))
    }
  }
  const reset = () => {
    for (const [client, upstream] of pairs) {
      client.resetAndDestroy()
      upstream.destroy()
    }
  }
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    /** For bytes and connections from now on. */
    become: (next: Mode) => {
      mode = next
    },
    /** Resets all connections, like a crash. */
    reset,
    connections: () => pairs.size,
    stop: async () => {
      reset()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
