import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import {
  ANSWER_BYTES,
  askReplicas,
  readDenials,
  replicasOf,
} from '../../src/cli/replica-denials.ts'

const IRIS = { kind: 'InferenceService', namespace: 'team', name: 'iris' } as const
const DENIAL = {
  time: '2026-01-01T00:00:00.000Z',
  reason: 'not-permitted',
  position: 'gateway',
}

const pageOf = (...denials: readonly object[]) => JSON.stringify({ denials })

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()))
})

/** An HTTP port; resolves to its address. */
async function replica(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(answer)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(async () => {
    server.closeAllConnections()
    server.close()
  })
  const bound = server.address()
  return `http://127.0.0.1:${typeof bound === 'object' && bound !== null ? bound.port : ''}`
}

const replying =
  (text: string, status = 200) =>
  (_request: IncomingMessage, response: ServerResponse) =>
    void response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end(text)

async function fileWith(text: string) {
  const folder = await mkdtemp(path.join(tmpdir(), 'token-'))
  closing.push(() => rm(folder, { recursive: true }))
  const file = path.join(folder, 'token')
  await writeFile(file, text)
  return file
}

/** Rejects if one does not answer. */
const ask = (urls: readonly string[], file?: string) =>
  askReplicas(
    replicasOf({
      replica: urls,
      ...(file === undefined ? {} : { replicaTokenFile: file }),
    }) ?? [],
  )

describe('replicas of the command line', () => {
  it('are none unless named', () => {
    expect(replicasOf({ replica: [] })).toBe(undefined)
  })

  it.each([
    '127.0.0.1:9002',
    'ftp://127.0.0.1',
    'http://127.0.0.1/metrics',
    'http://a?b',
    'http://u@a',
  ])('are addresses of HTTP ports, not %s', (url) => {
    expect(() => replicasOf({ replica: [url] })).toThrow('--replica: expected the address')
  })

  it.each(['', ' \n', 'two words', 'line\nbreak'])('get no token %j', async (text) => {
    const file = await fileWith(text)
    expect(() => replicasOf({ replica: ['http://[::1]:1'], replicaTokenFile: file })).toThrow(
      '--replica-token-file: expected a token',
    )
  })

  it('get a token only over https or on loopback', async () => {
    const file = await fileWith('a-token\n')
    const replicaTokenFile = file
    expect(() => replicasOf({ replica: ['http://10.0.0.1:9002'], replicaTokenFile })).toThrow(
      'a token is sent over https, or to a loopback address',
    )
    expect(replicasOf({ replica: ['https://10.0.0.1:9002'], replicaTokenFile })).toHaveLength(1)
  })

  it('are not asked during a watch', () => {
    expect(() => replicasOf({ replica: ['http://a'], watch: true })).toThrow('give one of them')
  })
})

describe('the last denial', () => {
  it('is that of the service, from the page of denials', async () => {
    const asked: (string | undefined)[] = []
    const url = await replica((request, response) => {
      asked.push(request.url, request.headers.authorization)
      response.end(pageOf({ ...IRIS, ...DENIAL }))
    })
    const lastDenialOf = await ask([url])

    expect(lastDenialOf(IRIS)).toEqual(DENIAL)
    expect(lastDenialOf({ ...IRIS, kind: 'InferenceGraph' })).toBe(undefined)
    expect(asked).toEqual(['/denials', undefined])
  })

  it('of several replicas is the latest', async () => {
    const later = { ...IRIS, ...DENIAL, time: '2026-01-01T00:00:01Z', reason: 'expired-token' }
    const urls = [
      await replica(replying(pageOf({ ...IRIS, ...DENIAL }))),
      await replica(replying(pageOf(later))),
      await replica(replying(pageOf({ ...IRIS, ...DENIAL, time: '2025-12-31T23:59:59Z' }))),
    ]

    expect((await ask(urls))(IRIS)?.reason).toBe('expired-token')
    expect((await ask(urls.toReversed()))(IRIS)?.reason).toBe('expired-token')
  })

  it('is asked for with the token', async () => {
    const url = await replica((request, response) => {
      const known = request.headers.authorization === 'Bearer abc'
      replying(pageOf({ ...IRIS, ...DENIAL }), known ? 200 : 403)(request, response)
    })
    const lastDenialOf = await ask([url], await fileWith('abc\n'))

    expect(lastDenialOf(IRIS)).toEqual(DENIAL)
  })
})

describe('a replica that cannot be asked is reported:', () => {
  it.each([
    ['without a token', 401, '', 'status 401: give a Kubernetes token'],
    ['without permission', 403, '', 'status 403: the user of the token may not get'],
    ['of another version', 404, '', 'status 404: the replica keeps no denials'],
    ['with a redirect', 302, '', 'status 302'],
    ['with another answer', 200, '{"items":[]}', 'not an answer of kserve-authz'],
    ['with a page', 200, '<html>', 'not an answer of kserve-authz'],
    [
      'with too long an answer',
      200,
      pageOf().padEnd(ANSWER_BYTES + 1),
      'not an answer of kserve-authz',
    ],
  ])('%s', async (_title, status, text, told) => {
    await expect(ask([await replica(replying(text, status))])).rejects.toThrow(told)
  })

  it('that has gone', async () => {
    const url = await replica(replying(''))
    await closing.pop()?.()

    await expect(ask([url])).rejects.toThrow(`${url}/denials: no answer (ECONNREFUSED)`)
  })

  it('that ends in the middle of its answer', async () => {
    const url = await replica((_request, response) => {
      response.writeHead(200, { 'content-length': 100 })
      response.write('{', () => response.destroy())
    })

    await expect(ask([url])).rejects.toThrow('no answer (')
  })

  it('among others', async () => {
    const urls = [await replica(replying(pageOf())), await replica(replying('', 401))]

    await expect(ask(urls)).rejects.toThrow('cannot ask for the last denials:')
  })
})

describe('an entry of the answer that cannot be read', () => {
  it.each([
    ['is no object', 1],
    ['has no service', DENIAL],
    ['has an unknown kind', { ...IRIS, ...DENIAL, kind: 'Pod' }],
    ['has no time', { ...IRIS, ...DENIAL, time: 'today' }],
    ['has a reason with a line break', { ...IRIS, ...DENIAL, reason: 'a\nb' }],
    ['has a long position', { ...IRIS, ...DENIAL, position: 'a'.repeat(65) }],
  ])('%s, and is left out', (_title, entry) => {
    const text = JSON.stringify({ denials: [entry, { ...IRIS, ...DENIAL }] })

    expect(readDenials(text)).toEqual([['InferenceService/team/iris', DENIAL]])
  })
})
