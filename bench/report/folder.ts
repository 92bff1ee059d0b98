import { access, constants, stat } from 'node:fs/promises'
import path from 'node:path'

/** The files of a report. */
export const REPORT = 'report.md'
export const PLOT = 'report.svg'

/** Rejects with one sentence if a report could not be written here after the measurement. */
export async function assertWritable(folder: string): Promise<void> {
  const found = await stat(folder).catch(() => undefined)
  if (found?.isDirectory() !== true) throw new Error(`${folder}, for the report, is no folder`)
  const refuse = (what: string) => () => {
    throw new Error(`${what}, for the report, cannot be written`)
  }
  await access(folder, constants.W_OK | constants.X_OK).catch(refuse(folder))
  for (const name of [REPORT, PLOT]) {
    const file = path.join(folder, name)
    const known = await stat(file).catch(() => undefined)
    if (known === undefined) continue
    if (!known.isFile()) throw new Error(`${file}, for the report, is no file`)
    await access(file, constants.W_OK).catch(refuse(file))
  }
}
