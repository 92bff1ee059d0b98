// Opens stdout or stderr, and reopens it after an error if it is a file.

import { fstatSync, writeSync } from 'node:fs'
import { Writable } from 'node:stream'

/** In worker threads there is no `fd`. */
type Standard = Writable & { readonly fd?: number }

/** Opens a standard stream of the program; a file is reopened after an error, since its disk may have room again. */
export function opening(standard: Standard): () => Writable {
  const { fd } = standard
  if (fd === undefined || !isFile(fd)) return () => standard
  let torn = false
  const write = (bytes: Buffer) => {
    let written = 0
    try {
      while (written < bytes.length) written += writeSync(fd, bytes, written)
    } catch (error) {
      // The next write must not continue a partial line.
      torn ||= written > 0
      throw error
    }
  }
  return () =>
    new Writable({
      // Synchronous, like Node's own stream to a file.
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
