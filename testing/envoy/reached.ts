import { modelInfer } from './grpc.ts'
import { head, reachedModel, sendHttp2, sendRaw } from './http.ts'

type To = Parameters<typeof sendRaw>[0]
type Reached = Readonly<Record<string, unknown>>

/** The headers that reach the model over HTTP/1.1 and HTTP/2, and, unless a path is given, over gRPC. */
export async function reachedOverEach(
  to: To,
  host: string,
  headers: Readonly<Record<string, string>>,
  path?: string,
): Promise<readonly Reached[]> {
  const asked = path ?? '/v1/models/m'
  const entries = Object.entries(headers)
  const lines = entries.map(([name, value]) => `${name}: ${value}`)
  const http1 = head(`GET ${asked} HTTP/1.1`, `Host: ${host}`, ...lines)
  const lowerCase = entries.map(([name, value]) => [name.toLowerCase(), value] as const)
  const http2 = { path: asked, authority: host, headers: lowerCase }
  const overHttp = [
    reachedModel(await sendRaw(to, http1)),
    reachedModel(await sendHttp2(to, http2)),
  ]
  if (path !== undefined) return overHttp
  return [...overHttp, (await modelInfer(to, { host, metadata: headers })).reached]
}
