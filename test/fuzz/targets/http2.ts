import { Duplex } from 'node:stream'
import { serveHttp2 } from '../../../src/http2/connection.ts'
import { createFrameReader } from '../../../src/http2/frame-reader.ts'
import { FRAME, frameOf, PREFACE } from '../../../src/http2/protocol.ts'
import { must, type Target } from '../target.ts'

const SETTINGS = frameOf(FRAME.settings, 0, 0, Buffer.alloc(0))
const HEAD = Buffer.of(0x88)
const TRAILERS = Buffer.from('\0\x01a\x01b', 'latin1')
/** The greatest code of an error. */
const LAST_CODE = 13

/** A socket whose other end is this test. */
class Pipe extends Duplex {
  readonly sent: Buffer[] = []

  override _read() {}

  override _write(bytes: Buffer, _encoding: string, done: () => void) {
    this.sent.push(bytes)
    done()
  }
}

type Told = { readonly requests: readonly string[]; readonly sent: Buffer }

/** What is told of a connection whose bytes arrive in pieces of `size` bytes. */
async function toldOf(input: Buffer, size: number): Promise<Told> {
  const requests: string[] = []
  const open = new Set<number>()
  const socket = new Pipe()
  serveHttp2<string[]>(socket, 4, {
    begin: (stream) => {
      must(!open.has(stream.id), 'begins a request twice')
      open.add(stream.id)
      stream.state = [JSON.stringify(stream.head)]
    },
    data: ({ id, state }, bytes) => {
      must(open.has(id), 'brings data of no request')
      state?.push(bytes.toString('hex'))
    },
    end: (stream, connection) => {
      requests.push(`${stream.id} ${stream.state?.join('')}`)
      connection.answer(stream, HEAD, Buffer.from(stream.state?.join('') ?? ''), TRAILERS)
    },
    close: ({ id }) => must(open.delete(id), 'ends a request twice'),
    fail: (code) => must(code <= LAST_CODE, 'ends with another code'),
  })
  const bytes = Buffer.concat([PREFACE, SETTINGS, input])
  for (let at = 0; at < bytes.length; at += size)
    socket.emit('data', Buffer.from(bytes.subarray(at, at + size)))
  await new Promise(setImmediate)
  socket.destroy()
  await new Promise(setImmediate)
  must(open.size === 0, 'leaves a request open')
  return { requests, sent: Buffer.concat(socket.sent) }
}

/** Whether these are whole frames. */
function areFrames(sent: Buffer): boolean {
  let length = 0
  const read = createFrameReader(
    (_type, _flags, _id, payload) => {
      length += 9 + payload.length
    },
    () => must(false, 'is answered with a frame that cannot be read'),
  )
  read(PREFACE)
  read(sent)
  return length === sent.length
}

const bytesOf = (...bytes: readonly number[]) => String.fromCharCode(...bytes)
const aFrame = (type: number, flags: number, id: number, payload: string) =>
  bytesOf(0, 0, payload.length, type, flags, 0, 0, 0, id) + payload

const WORDS = [
  ...[1, 3, 5].map((id) => aFrame(1, 5, id, '\x83\x86\x84')),
  ...[1, 3].map((id) => aFrame(1, 4, id, '\x83\x86\x84')),
  ...[1, 3].map((id) => aFrame(0, 1, id, 'body')),
  aFrame(0, 9, 1, '\x02body\0\0'),
  aFrame(1, 0, 1, '\x83'),
  aFrame(1, 4, 5, '\x83\x86\x44\x02/a\x40\x01a\x01b\xbe'),
  aFrame(9, 4, 1, '\x86\x84'),
  aFrame(3, 0, 1, '\0\0\0\x08'),
  aFrame(4, 0, 0, '\0\x04\0\0\0\x01'),
  aFrame(4, 0, 0, '\0\x01\0\0\0\0'),
  aFrame(4, 1, 0, ''),
  aFrame(6, 0, 0, '12345678'),
  aFrame(7, 0, 0, '\0\0\0\0\0\0\0\0'),
  aFrame(8, 0, 0, '\0\0\0\x09'),
  aFrame(8, 0, 1, '\0\0\0\x09'),
  aFrame(2, 0, 1, '\0\0\0\x03\x01'),
  'content-length',
  'grpc-timeout',
]

/** Frames of a client. */
export const http2: Target = {
  name: 'http2',
  form: 'bytes',
  words: WORDS,
  run: async (input) => {
    const whole = await toldOf(input, input.length + 100)
    must(areFrames(whole.sent), 'is not answered with whole frames')
    for (const size of [1, 7]) {
      const parts = await toldOf(input, size)
      const isSame =
        parts.sent.equals(whole.sent) && parts.requests.join() === whole.requests.join()
      must(isSame, `is read differently in pieces of ${size} bytes`)
    }
  },
}
