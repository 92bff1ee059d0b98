import { mkdtemp, readFile, rm } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'
import { makeCertificates } from './programs.ts'

export type Answer = (request: IncomingMessage, response: ServerResponse) => void

type Certificates = { readonly ca: string; readonly key: string; readonly cert: string }

export async function fakeCertificates(): Promise<Certificates> {
  const folder = await mkdtemp(path.join(tmpdir(), 'api-server-'))
  await makeCertificates(folder)
  const read = (name: string) => readFile(path.join(folder, name), 'utf8')
  const [ca, key, cert] = await Promise.all(['ca.crt', 'server.key', 'server.crt'].map(read))
  await rm(folder, { recursive: true })
  return { ca: ca ?? '', key: key ?? '', cert: cert ?? '' }
}

/** A fake API server: it gives answers that a real one cannot be made to give. */
export type FakeApiServer = Awaited<ReturnType<typeof startFakeApiServer>>

export async function startFakeApiServer({ ca, key, cert }: Certificates, usual: Answer) {
  const requests: { readonly url: URL; readonly headers: IncomingMessage['headers'] }[] = []
  const exceptions: Answer[] = []
  const server = createServer({ key, cert }, (request, response) => {
    requests.push({ url: new URL(request.url ?? '', 'https://x'), headers: request.headers })
    const answer = exceptions.shift() ?? usual
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `https://127.0.0.1:${port}`,
    /** All requests up to now. */
    requests,
    /** The answers to the next requests, in order. */
    next: (...answers: readonly Answer[]) => void exceptions.push(...answers),
    kubeConfig: (token = 'ours') => kubeConfigOf(`https://127.0.0.1:${port}`, ca, token),
    dropConnections: () => server.closeAllConnections(),
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export function kubeConfigOf(server: string, ca: string, token: string): KubeConfig {
  const kubeConfig = new KubeConfig()
  const caData = Buffer.from(ca).toString('base64')
  kubeConfig.loadFromClusterAndUser(
    { name: 'test', server, caData, skipTLSVerify: false },
    { name: 'test', token },
  )
  return kubeConfig
}

export const status =
  (code: number, headers: Readonly<Record<string, string>> = {}): Answer =>
  (_request, response) => {
    response.writeHead(code, { 'content-type': 'application/json', ...headers })
    response.end(JSON.stringify({ kind: 'Status', code, message: 'quotes sk-secret' }))
  }

export const text =
  (body: string): Answer =>
  (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(body)
  }

export const json = (body: unknown): Answer => text(JSON.stringify(body))

/** The connection ends in the middle of the answer. */
export const broken =
  (body: string): Answer =>
  (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.write(body, () => response.destroy())
  }

/** An answer starts, and is never completed. */
export const quiet: Answer = (_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
}

/** There is no answer at all. */
export const silent: Answer = () => {}
