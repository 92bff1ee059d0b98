import { readFileSync } from 'node:fs'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import { experimental, type ServerCredentials } from '@grpc/grpc-js'

export type TlsFiles = {
  readonly certFile: string
  readonly keyFile: string
  /** Whose certificates clients must show; `null`: they need none. */
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
 * Serves with the certificate in these files, and with its successor once they change. Throws where they
 * cannot be used at first; later the last good ones hold and `report` is told.
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
    // The typings name these parameters the other way round.
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

/** grpc-js takes no version: it is put into each context that its listeners are told of. */
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

/** Throws where OpenSSL would refuse the pair: grpc-js would then drop every new connection. */
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

/** A listener must be told later: grpc-js loses what it is told while it is being added. */
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
