import { execFile } from 'node:child_process'

const DEADLINE_MS = 60_000

type Around = { readonly cwd: string; readonly env: Readonly<Record<string, string>> }

/** Runs a script of bash without its startup files; `output`: of both streams. Rejects if it takes too long. */
export const shell = (script: string, around: Around) =>
  new Promise<{ readonly code: number; readonly output: string }>((resolve, reject) => {
    const options = { ...around, timeout: DEADLINE_MS }
    execFile(
      'bash',
      ['--norc', '-o', 'pipefail', '-c', script],
      options,
      (error, stdout, stderr) => {
        const code = error === null ? 0 : error.code
        if (typeof code === 'number') resolve({ code, output: stdout + stderr })
        else reject(new Error(`${script}: ${error?.signal}: ${stdout}${stderr}`))
      },
    )
  })
