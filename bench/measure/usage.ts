import { readFileSync } from 'node:fs'

/** CPU time of a process, and of the whole machine. Linux only: see proc(5). */
export type Usage = {
  /** Of the process with all its threads, in seconds of CPU time. */
  readonly cpuSeconds: number
  /** Of everything except the process, those measured with it, this one, and the children it has waited for. */
  readonly foreignSeconds: number
}

/** The unit of times in /proc, which is the same on every Linux. */
const TICKS_PER_SECOND = 100

/** `beside`: processes that are measured with it. */
export function usageOf(pid: number, beside: readonly number[] = []): Usage {
  const { own } = timesOf(pid)
  const bench = timesOf(process.pid)
  const others = beside.reduce((sum, one) => sum + timesOf(one).own, 0)
  const foreign = machineTicks() - own - others - bench.own - bench.children
  return { cpuSeconds: own / TICKS_PER_SECOND, foreignSeconds: foreign / TICKS_PER_SECOND }
}

/** The memory that a process uses now, in bytes. */
export function residentBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kilobytes) * 1_024
}

/** In ticks: of the process itself, and of its children that have exited. */
function timesOf(pid: number): { readonly own: number; readonly children: number } {
  // The program's name, in parentheses, may contain spaces.
  const [, rest = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')
  const [user = 0, system = 0, childUser = 0, childSystem = 0] = rest
    .split(' ')
    .slice(11, 15)
    .map(Number)
  return { own: user + system, children: childUser + childSystem }
}

/** Of all processes, plus the time stolen by the hypervisor. Interrupts are not counted. */
function machineTicks(): number {
  const [all = ''] = readFileSync('/proc/stat', 'utf8').split('\n', 1)
  const [user = 0, nice = 0, system = 0, , , , , steal = 0] = all.split(/\s+/).slice(1).map(Number)
  return user + nice + system + steal
}
