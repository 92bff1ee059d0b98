// Writes programs that a test starts afterwards.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/*
 * Nobody can execute a file that is open for writing: execve(2), ETXTBSY. A program that is started at the same time,
 * for example by another test in this process, has the open files of this process until it runs. So another process
 * writes the file.
 */

/** Copies a program. */
export async function copyProgram(from: string, to: string): Promise<void> {
  await run('cp', [from, to])
}

/** Writes a script that can be executed, or replaces it. */
export async function writeProgram(file: string, text: string): Promise<void> {
  await run('sh', ['-c', 'printf %s "$1" > "$2" && chmod 755 "$2"', 'sh', text, file])
}
