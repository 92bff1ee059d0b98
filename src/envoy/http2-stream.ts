import type { ServerHttp2Stream } from 'node:http2'
import { Duplex } from 'node:stream'

/**
 * The stream of HTTP/2 below a call. grpc-js hands out a message once it is whole and inflated, which is too
 * late to refuse it; the field is private, and a test shows that it is there.
 */
export function streamOf(call: object): ServerHttp2Stream | undefined {
  const stream: unknown = Reflect.get(call, 'stream')
  return isHttp2Stream(stream) ? stream : undefined
}

const isHttp2Stream = (stream: unknown): stream is ServerHttp2Stream =>
  stream instanceof Duplex && 'rstCode' in stream && 'session' in stream

/** Puts something before what reads the bytes of a stream. */
export function interpose(stream: ServerHttp2Stream, take: (bytes: Buffer) => boolean) {
  const readers = stream.listeners('data')
  stream.removeAllListeners('data')
  stream.on('data', (bytes: Buffer) => {
    if (take(bytes)) for (const reader of readers) Reflect.apply(reader, stream, [bytes])
  })
}

/** Nothing that still comes is read. */
export function discard(stream: ServerHttp2Stream) {
  stream.removeAllListeners('data')
  stream.resume()
}
