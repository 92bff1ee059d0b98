import http2 from 'node:http2'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeHuffman } from '../../src/http2/huffman.ts'
import { http2Server } from '../../testing/http2/raw-client.ts'
import { createRandom } from '../../testing/routes/random.ts'

describe('a Huffman code', () => {
  it.each([
    // RFC 7541 Appendix B: the code, padded with ones.
    ['0', '07', '0'],
    ['a space', '53', ' '],
    ['NUL', 'ffc7', '\0'],
    ['0x7f', 'ffffffcf', '\x7f'],
    ['LF', 'fffffff3', '\n'],
    ['0xf9', 'ffffffef', '\xf9'],
    ['0xff', 'fffffbbf', '\xff'],
    ['nothing', '', ''],
  ])('of %s', (_title, code, text) => {
    expect(decodeHuffman(Buffer.from(code, 'hex'))).toBe(text)
  })
})

// The oracle is nghttp2, which codes a text if that makes it shorter.
describe('texts of another HTTP/2', () => {
  let server: Awaited<ReturnType<typeof http2Server>>
  let session: http2.ClientHttp2Session

  beforeAll(async () => {
    server = await http2Server((stream, connection) =>
      connection.sendHead(stream, Buffer.of(0x88), true),
    )
    session = http2.connect(`http://127.0.0.1:${server.port}`)
  })
  afterAll(() => {
    session.destroy()
    server.close()
  })

  it('are read as they were sent, among many headers that change', async () => {
    const { below, chance } = createRandom(7)
    const text = (length: number) =>
      Array.from({ length }, () => String.fromCharCode(33 + below(94))).join('')
    const usual = { 'x-same': text(20) }
    for (let each = 0; each < 500; each += 1) {
      const sent = { ':path': `/${text(below(300))}`, 'content-type': `a${text(below(200))}` }
      const others = Object.fromEntries(
        Array.from({ length: below(6) }, () => [`x-${below(30)}`, text(below(500)) || 'a']),
      )
      const stream = session.request({
        ':method': 'POST',
        ...sent,
        ...(chance(0.5) ? usual : {}),
        ...others,
        'grpc-timeout': text(1 + below(8)),
      })
      const timeout = stream.sentHeaders?.['grpc-timeout']
      stream.resume()
      stream.end()
      await new Promise((resolve) => {
        stream.once('close', resolve)
      })
      const head = server.seen.at(-1)?.head
      expect(head).toEqual({
        method: 'POST',
        path: sent[':path'],
        contentType: sent['content-type'],
        timeout,
        length: undefined,
      })
    }
    expect(server.seen).toHaveLength(500)
  })
})
