import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { listAt } from '../json.ts'
import { noteHeaders } from '../leaks.ts'

/** One request that a program sends with client libraries. */
export type ProgramAsking = {
  readonly port: number
  readonly address: string
  readonly host: string
  /** Before the paths of the API. */
  readonly prefix: string
  /** In place of the credential that the library sends. */
  readonly headers: readonly (readonly [name: string, value: string])[]
}

/** Runs a program that reads JSON from stdin and prints a list of exceptions. */
export async function askWithProgram(
  [command, ...args]: readonly [string, ...string[]],
  asked: ProgramAsking | readonly ProgramAsking[],
  cwd?: string,
): Promise<readonly unknown[]> {
  for (const { headers } of [asked].flat()) noteHeaders(headers)
  const child = spawn(command, args, { cwd, stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(JSON.stringify(asked))
  return listAt(JSON.parse(await text(child.stdout)))
}
