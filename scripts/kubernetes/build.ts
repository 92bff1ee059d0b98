import path from 'node:path'
import type { Program } from './programs.ts'
import { run } from './run.ts'

const PROGRESS_EVERY_MS = 10_000
const ADVICE = 'or set KUBE_APISERVER and ETCD to binaries'

export type Report = (line: string) => void

export async function assertGo(signal: AbortSignal) {
  const { ok } = await run(['go', 'version'], signal)
  if (!ok) throw new Error(`etcd and kube-apiserver are built with Go: install it, ${ADVICE}`)
}

export async function buildProgram(
  { binary, source, flags }: Program,
  folder: string,
  report: Report,
  signal: AbortSignal,
) {
  const started = performance.now()
  let compiled = 0
  const progress = setInterval(() => {
    const seconds = Math.round((performance.now() - started) / 1_000)
    report(`still building ${binary} (${seconds} s, ${compiled} packages)`)
  }, PROGRESS_EVERY_MS)
  const flagsOfGo = ['-v', '-trimpath', '-ldflags', flags, '-o', path.join(folder, binary)]
  try {
    const command = ['env', 'CGO_ENABLED=0', 'go', 'build', ...flagsOfGo, source] as const
    const { ok, lines } = await run(command, signal, (line) => {
      if (!line.startsWith('go: ')) compiled += 1
    })
    if (!ok) throw new Error(buildComplaint(binary, lines))
  } finally {
    clearInterval(progress)
  }
}

const UNREACHABLE =
  /dial tcp|no such host|i\/o timeout|connection re(?:fused|set)|module lookup disabled/
const TOO_OLD = /requires go >= (\S+)/

function buildComplaint(binary: string, lines: readonly string[]): string {
  const needed = lines.map((line) => TOO_OLD.exec(line)?.[1]).find((version) => version)
  if (needed !== undefined) return `${binary} needs Go ${needed} or newer: install it, ${ADVICE}`
  if (lines.some((line) => UNREACHABLE.test(line))) {
    return `${binary} is not built: Go cannot reach its module proxy; try again, ${ADVICE}`
  }
  return `${binary} is not built: ${lines.at(-1) ?? 'go build says nothing'}`
}
