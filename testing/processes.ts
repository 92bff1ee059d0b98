import { readdir, readFile, readlink } from 'node:fs/promises'

const isPid = (name: string) => /^\d+$/.test(name)

/** The processes that a process has started, directly or through others. Linux only. */
export async function descendantsOf(pid: number): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).filter(isPid).map(Number)
  const parents = new Map(
    await Promise.all(pids.map(async (each) => [each, await parentOf(each)] as const)),
  )
  const childrenOf = (parent: number): readonly number[] =>
    pids
      .filter((each) => parents.get(each) === parent)
      .flatMap((each) => [each, ...childrenOf(each)])
  return childrenOf(pid)
}

/** The name of the program, in parentheses, may contain any character. */
async function parentOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return Number(stat.slice(stat.lastIndexOf(')') + 1).split(' ')[2])
}

/** A process that has exited and that nobody has waited for is not running. */
export function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** The addresses in hexadecimal, as in `/proc/net/tcp`, on which the processes accept TCP connections. */
export async function listeningAddresses(pids: readonly number[]): Promise<readonly string[]> {
  const sockets = new Set((await Promise.all(pids.map(socketsOf))).flat())
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((name) => readFile(`/proc/net/${name}`, 'utf8').catch(() => '')),
  )
  return tables.flatMap((table) =>
    table
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state, , , , , , inode]) => state === LISTEN && sockets.has(inode ?? ''))
      .map(([, address = '']) => address.split(':')[0] ?? ''),
  )
}

const LISTEN = '0A'

async function socketsOf(pid: number): Promise<readonly string[]> {
  const files = await readdir(`/proc/${pid}/fd`).catch(() => [])
  const links = await Promise.all(
    files.map((file) => readlink(`/proc/${pid}/fd/${file}`).catch(() => '')),
  )
  return links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? [])
}

/** An address of `/proc/net/tcp`: each 32 bits in the byte order of a little-endian machine. */
export const isLoopback = (address: string): boolean =>
  /^(0{16}FFFF0000)?[0-9A-F]{6}7F$/.test(address) || address === `${'0'.repeat(24)}01000000`
