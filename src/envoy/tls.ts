// Serves TLS certificates, and reloads them when their files change.

import { readFileSync } from 'node:fs'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import { experimental, type ServerCredentials } from '@grpc/grpc-js'

export type TlsFiles = {
  readonly certFile: string
  readonly keyFile: string
  /** The CA of client certificates; `null`: clients need none. */
  readonly clientCaFile: string | null
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3'
}

export type TlsIdentity = {
  readonly credentials: ServerCredentials
  readonly close: () => void
}

type Certificates = {
  readonly identity: experimental.IdentityCertificateUpdate
  readonly ca: experimental.CaCertificateUpdate | null
}

/**
 * Serves the certificate in these files, and its successor once they change. Throws if it cannot be used at
 * first; later the last valid one stays and `report` is called.
 */
export function createTlsIdentity(
  files: TlsFiles,
  report: (error: unknown) => void,
  periodMs = 10_000,
): TlsIdentity {
  let current = read(files)
  const identity = createListeners<experimental.IdentityCertificateUpdate>(() => current.identity)
  const ca = createListeners<experimental.CaCertificateUpdate>(() => current.ca)
  const provider: experimental.CertificateProvider = {
    addIdentityCertificateListener: identity.add,
    removeIdentityCertificateListener: identity.remove,
    addCaCertificateListener: ca.add,
    removeCaCertificateListener: ca.remove,
  }
  const reload = () => {
    try {
      const next = read(files)
      if (isSame(next, current)) return
      current = next
      identity.tell()
      ca.tell()
    } catch (error) {
      report(error)
    }
  }
  const timer = setInterval(reload, periodMs).unref()
  const clients = files.clientCaFile !== null
  return {
    // The typings have these parameters in reverse.
    credentials: requiring(
      files.minVersion,
      experimental.createCertificateProviderServerCredentials(
        provider,
        clients ? provider : null,
        clients,
      ),
    ),
    close: () => clearInterval(timer),
  }
}

type Watcher = (options: SecureContextOptions | null) => void

/** grpc-js has no option for the TLS version: it is added to each context passed to its watchers. */
function requiring(
  minVersion: TlsFiles['minVersion'],
  credentials: ServerCredentials,
): ServerCredentials {
  const current = credentials._getSecureContextOptions.bind(credentials)
  const add = credentials._addWatcher.bind(credentials)
  const remove = credentials._removeWatcher.bind(credentials)
  const versioned = (options: SecureContextOptions | null) =>
    options === null ? null : { ...options, minVersion }
  const watchers = new Map<Watcher, Watcher>()
  return Object.assign(credentials, {
    _getSecureContextOptions: () => versioned(current()),
    _addWatcher: (watcher: Watcher) => {
      const told: Watcher = (options) => watcher(versioned(options))
      watchers.set(watcher, told)
      add(told)
    },
    _removeWatcher: (watcher: Watcher) => {
      remove(watchers.get(watcher) ?? watcher)
      watchers.delete(watcher)
    },
  })
}

/** Throws if OpenSSL refuses the pair: grpc-js would then drop every new connection. */
function read({ certFile, keyFile, clientCaFile }: TlsFiles): Certificates {
  const certificate = readFileSync(certFile)
  const privateKey = readFileSync(keyFile)
  const caCertificate = clientCaFile === null ? null : readFileSync(clientCaFile)
  createSecureContext({
    cert: certificate,
    key: privateKey,
    ...(caCertificate === null ? {} : { ca: caCertificate }),
  })
  return {
    identity: { certificate, privateKey },
    ca: caCertificate === null ? null : { caCertificate },
  }
}

const isSame = (one: Certificates, other: Certificates): boolean =>
  one.identity.certificate.equals(other.identity.certificate) &&
  one.identity.privateKey.equals(other.identity.privateKey) &&
  (one.ca?.caCertificate.toString() ?? '') === (other.ca?.caCertificate.toString() ?? '')

/** Listeners are called later: grpc-js loses an update while it adds the listener. */
function createListeners<T>(current: () => T | null) {
  const listeners = new Set<(update: T | null) => void>()
  return {
    add: (listener: (update: T | null) => void) => {
      listeners.add(listener)
      process.nextTick(() => {
        if (listeners.has(listener)) listener(current())
      })
    },
    remove: (listener: (update: T | null) => void) => void listeners.delete(listener),
    tell: () => {
      for (const listener of listeners) listener(current())
    },
  }
}
