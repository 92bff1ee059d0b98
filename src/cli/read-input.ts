// Reads the files and folders that a command line names.

import { readFileSync, statSync } from 'node:fs'
import { errorCode } from '../common/error-code.ts'
import { UsageError } from './exit-codes.ts'

/** The text of a file. Throws a UsageError that names the option or argument. */
export const readInput = (named: string, file: string): string =>
  readable(named, file, () => readFileSync(file, 'utf8'))

/** The same; `-` is the standard input. */
export const readInputOrStdin = (named: string, file: string): string =>
  file === '-'
    ? readable(named, 'the standard input', () => readFileSync(0, 'utf8'))
    : readInput(named, file)

/** Throws a UsageError unless there is such a folder. */
export function requireFolder(named: string, folder: string): void {
  if (!readable(named, folder, () => statSync(folder)).isDirectory())
    throw new UsageError(`${named}: ${folder} is not a folder`)
}

/** Throws a UsageError unless there is such a file or folder. */
export function requireEntry(named: string, entry: string): void {
  readable(named, entry, () => statSync(entry))
}

function readable<Read>(named: string, entry: string, read: () => Read): Read {
  try {
    return read()
  } catch (error) {
    const code = errorCode(error) ?? 'unknown error'
    throw new UsageError(`${named}: cannot read ${entry}: ${REASONS[code] ?? code}`)
  }
}

const REASONS: Readonly<Partial<Record<string, string>>> = {
  EACCES: 'permission denied',
  EISDIR: 'it is a folder, not a file',
  ENOENT: 'there is no such file or folder',
  ENOTDIR: 'a part of its path is not a folder',
}
