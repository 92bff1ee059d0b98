import { fstatSync, writeSync } from 'node:fs'
import { Writable } from 'node:stream'

/** Without `fd` in a thread that is not the first. */
type Standard = Writable & { readonly fd?: number }

/** Opens a standard output of the program: again after an error where it is a file, which may have room then. */
export function opening(standard: Standard): () => Writable {
  const { fd } = standard
  if (fd === undefined || !isFile(fd)) return () => standard
  let torn = false
  const write = (bytes: Buffer) => {
    let written = 0
    try {
      while (written < bytes.length) written += writeSync(fd, bytes, written)
    } catch (error) {
      // What is written next must not go on with half a line.
      torn ||= written > 0
      throw error
    }
  }
  return () =>
    new Writable({
      // As Node's own stream to a file does, it waits for the disk.
      write: (bytes: Buffer, _encoding, done) => {
        try {
          if (torn) write(Buffer.from('\n'))
          torn = false
          write(bytes)
          done()
        } catch (error) {
          done(error instanceof Error ? error : new Error('not written'))
        }
      },
    })
}

function isFile(fd: number): boolean {
  try {
    return fstatSync(fd).isFile()
  } catch {
    return false
  }
}
