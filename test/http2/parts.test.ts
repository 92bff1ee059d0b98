import { Duplex } from 'node:stream'
import { expect, it, vi } from 'vitest'
import { serveHttp2 } from '../../src/http2/connection.ts'
import { USELESS_AT_ONCE } from '../../src/http2/patience.ts'
import {
  DATA,
  END_HEADERS,
  frame,
  GREETING,
  HEADERS,
  number,
  POST,
  RST_STREAM,
} from '../../testing/http2/raw-client.ts'

const CANCEL = number(8)

/** The codes with which a connection ends whose bytes arrive in pieces of `size` bytes. */
function endsOf(bytes: Buffer, size: number): readonly number[] {
  const codes: number[] = []
  const socket = new Duplex({ read: () => {}, write: (_bytes, _encoding, done) => done() })
  serveHttp2(socket, 100, {
    begin: () => {},
    data: () => {},
    end: () => {},
    close: () => {},
    fail: (code) => void codes.push(code),
  })
  for (let at = 0; at < bytes.length; at += size)
    socket.emit('data', Buffer.from(bytes.subarray(at, at + size)))
  socket.destroy()
  return codes
}

it.each([1_000_000, 100, 7, 1])(
  'frames with data of a request that has ended count once each, in pieces of %i bytes, too',
  (size) => {
    // The patience comes back with time.
    const now = vi.spyOn(performance, 'now').mockReturnValue(0)
    const begun = [GREETING, frame(HEADERS, END_HEADERS, 1, POST), frame(RST_STREAM, 0, 1, CANCEL)]
    const late = Array<Buffer>(USELESS_AT_ONCE).fill(frame(DATA, 0, 1, Buffer.alloc(20)))

    expect(endsOf(Buffer.concat([...begun, ...late]), size)).toEqual([])
    expect(endsOf(Buffer.concat([...begun, ...late, ...late]), size)).toHaveLength(1)
    now.mockRestore()
  },
)
