// Builds a CheckRequest from the arguments of `check`.

import { isIP } from 'node:net'
import { UsageError } from './exit-codes.ts'
import type { CheckFlags } from './flags.ts'
import { readInputOrStdin } from './read-input.ts'

/** A CheckRequest with proto field names, as Envoy would send it for the request of a command line. */
export type CheckMessage = {
  readonly attributes: {
    readonly source: PeerMessage
    readonly destination: PeerMessage
    readonly request: {
      readonly http: {
        readonly method: string
        readonly path: string
        readonly host: string
        readonly scheme: string
        readonly headers: Readonly<Record<string, string>>
      }
    }
  }
}

type PeerMessage = {
  readonly address?: { readonly socket_address: { address: string; port_value?: number } }
  readonly principal?: string
}

// Not parsed by the URL class: the exact bytes of the path decide.
const URL_PARTS = /^(https?):\/\/([^/?#]+)(\/[^#]*)?$/
const METHOD = /^[\w!#$%&'*+.^`|~-]+$/
const LAST_PORT = 65_535
const ENDPOINT = /^(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+)|([0-9A-Fa-f:]+))(?::(\d{1,5}))?$/

type Described = Pick<CheckFlags, 'source' | 'destination' | 'principal' | 'header'>

/** Builds the message for METHOD and URL. Throws a UsageError. */
export function checkMessage(flags: Described, method: string, url: string): CheckMessage {
  requireMethod(method)
  const [, scheme, host, path = '/'] = URL_PARTS.exec(url) ?? []
  if (scheme === undefined || host === undefined) {
    throw new UsageError('URL: expected http://host/path or https://host/path')
  }
  return {
    attributes: {
      source: {
        ...(flags.source === undefined ? {} : peer('--source', flags.source)),
        ...(flags.principal === undefined ? {} : { principal: flags.principal }),
      },
      destination: flags.destination === undefined ? {} : peer('--destination', flags.destination),
      request: { http: { method, path, host, scheme, headers: joined(flags.header) } },
    },
  }
}

/** Throws a UsageError unless it is a method of HTTP. */
export function requireMethod(method: string): void {
  if (!METHOD.test(method)) throw new UsageError('METHOD: expected a method of HTTP, such as POST')
}

function peer(flag: string, text: string): PeerMessage {
  const [, bracketed, ipv4, ipv6, port] = ENDPOINT.exec(text) ?? []
  const address = bracketed ?? ipv4 ?? ipv6
  if (address === undefined || isIP(address) === 0 || Number(port ?? 0) > LAST_PORT)
    throw new UsageError(`${flag}: expected an IP address, or IP:PORT`)
  return {
    address: {
      socket_address: { address, ...(port === undefined ? {} : { port_value: Number(port) }) },
    },
  }
}

/** Repeated headers as Envoy joins them. */
function joined(lines: readonly string[]): Record<string, string> {
  const headers = new Map<string, string>()
  for (const [index, line] of lines.entries()) {
    const [, name, value] = /^([^\s:]+):\s*(.*)$/s.exec(line) ?? []
    if (name === undefined || value === undefined) {
      throw new UsageError(`--header: number ${index + 1} is not "name: value"`)
    }
    const key = name.toLowerCase()
    const known = headers.get(key)
    headers.set(key, known === undefined ? value : `${known},${value}`)
  }
  return Object.fromEntries(headers)
}

/** The lines of `--header`, with those of the files that `@` names; `@-`: of the standard input. */
export const headerLines = (given: readonly string[]): readonly string[] =>
  given.flatMap((line) => {
    if (!line.startsWith('@')) return [line]
    const name = line.slice(1)
    return readInputOrStdin('--header', name)
      .split(/\r?\n/)
      .filter((each) => each.trim() !== '')
  })
