// Access to the HTTP/2 stream below a gRPC call.

import type { ServerHttp2Stream } from 'node:http2'
import { Duplex } from 'node:stream'

/**
 * The HTTP/2 stream of a call. grpc-js delivers a message only once it is complete and decompressed, which is
 * too late to refuse it. The field is private; a test checks that it exists.
 */
export function streamOf(call: object): ServerHttp2Stream | undefined {
  const stream: unknown = Reflect.get(call, 'stream')
  return isHttp2Stream(stream) ? stream : undefined
}

const isHttp2Stream = (stream: unknown): stream is ServerHttp2Stream =>
  stream instanceof Duplex && 'rstCode' in stream && 'session' in stream

/** Inserts a filter before the readers of a stream's bytes. */
export function interpose(stream: ServerHttp2Stream, take: (bytes: Buffer) => boolean) {
  const readers = stream.listeners('data')
  stream.removeAllListeners('data')
  stream.on('data', (bytes: Buffer) => {
    if (take(bytes)) for (const reader of readers) Reflect.apply(reader, stream, [bytes])
  })
}

/** Drops the bytes that still arrive. */
export function discard(stream: ServerHttp2Stream) {
  stream.removeAllListeners('data')
  stream.resume()
}
