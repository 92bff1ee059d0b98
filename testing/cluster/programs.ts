import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { open, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { startChild } from '../../scripts/child.ts'
import type { Kubernetes } from '../../scripts/kubernetes.ts'
import { freePorts } from '../free-ports.ts'

/** Shared by all programs of a cluster: files in one folder, ports of the loopback address. */
export type Site = {
  readonly folder: string
  readonly etcdPort: number
  readonly peerPort: number
  readonly apiPort: number
  /** The token of a user with all permissions. */
  readonly adminToken: string
  /** A file with a line for each request to the API server; `undefined`: there is none. */
  readonly auditLog: string | undefined
  /** Of its ServiceAccounts. */
  readonly issuer: string
  /** Whether anybody may read its keys, and what else RBAC lets an anonymous user do. */
  readonly anonymous: boolean
}

export type SiteSpec = {
  readonly audited?: boolean
  readonly issuer?: string
  readonly anonymous?: boolean
}

export type Program = {
  readonly pid: number
  /** Resolves with how it ended, and its last output. */
  readonly ended: Promise<string>
  /** Kills it at once; a throwaway cluster needs no clean shutdown. */
  readonly kill: () => Promise<void>
}

export const CLUSTER_ISSUER = 'https://kubernetes.default.svc'

/** Makes keys and certificates in a folder, and selects free ports. */
export async function prepareSite(
  folder: string,
  { audited = false, issuer = CLUSTER_ISSUER, anonymous = false }: SiteSpec,
): Promise<Site> {
  const [etcdPort = 0, peerPort = 0, apiPort = 0] = await freePorts(3)
  const adminToken = randomBytes(16).toString('hex')
  await makeCertificates(folder)
  await writeFile(path.join(folder, 'tokens.csv'), `${adminToken},admin,admin,"system:masters"\n`)
  await writeFile(path.join(folder, AUDIT_POLICY), JSON.stringify(auditPolicy))
  const auditLog = audited ? path.join(folder, 'audit.log') : undefined
  return { folder, etcdPort, peerPort, apiPort, adminToken, auditLog, issuer, anonymous }
}

const AUDIT_POLICY = 'audit-policy.json'
const auditPolicy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [{ level: 'Metadata' }],
}

const CURVE = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'] as const

/** For a CA (`ca.crt`), a server on loopback (`server.key`, `server.crt`) and ServiceAccounts. */
export async function makeCertificates(folder: string) {
  const openssl = async (...args: readonly string[]) => {
    await promisify(execFile)('openssl', [...args], { cwd: folder })
  }
  const names = 'subjectAltName=IP:127.0.0.1,DNS:localhost'
  const ca = ['-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=test-ca']
  await openssl('req', '-x509', ...CURVE, '-days', '2', ...ca)
  const own = ['-keyout', 'server.key', '-out', 'server.crt', '-subj', '/CN=kube-apiserver']
  const signer = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-addext', names]
  await openssl('req', '-x509', ...CURVE, '-days', '2', ...signer, ...own)
  await openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', 'accounts.key')
  await openssl('ec', '-in', 'accounts.key', '-pubout', '-out', 'accounts.pub')
}

export function startEtcd({ etcd }: Kubernetes, site: Site): Promise<Program> {
  const [clients, peers] = [site.etcdPort, site.peerPort].map((port) => `http://127.0.0.1:${port}`)
  return startProgram('etcd', site.folder, [etcd], {
    name: 'test',
    'data-dir': 'etcd',
    'unsafe-no-fsync': 'true',
    'listen-client-urls': clients,
    'advertise-client-urls': clients,
    'listen-peer-urls': peers,
    'initial-advertise-peer-urls': peers,
    'initial-cluster': `test=${peers}`,
    'log-level': 'error',
  })
}

export const startApiServer = ({ apiServer }: Kubernetes, site: Site): Promise<Program> =>
  startProgram('kube-apiserver', site.folder, [apiServer], {
    'etcd-servers': `http://127.0.0.1:${site.etcdPort}`,
    'bind-address': '127.0.0.1',
    'advertise-address': '127.0.0.1',
    'secure-port': String(site.apiPort),
    'tls-cert-file': 'server.crt',
    'tls-private-key-file': 'server.key',
    'cert-dir': '.',
    'client-ca-file': 'ca.crt',
    'token-auth-file': 'tokens.csv',
    'anonymous-auth': String(site.anonymous),
    'authorization-mode': 'RBAC',
    'allow-privileged': 'true',
    'disable-admission-plugins': 'ServiceAccount',
    'service-account-issuer': site.issuer,
    'service-account-key-file': 'accounts.pub',
    'service-account-signing-key-file': 'accounts.key',
    'api-audiences': site.issuer,
    'service-cluster-ip-range': '10.0.0.0/24',
    ...(site.auditLog === undefined
      ? {}
      : { 'audit-policy-file': AUDIT_POLICY, 'audit-log-path': site.auditLog }),
  })

/** Starts a program in a folder, which contains its log; it ends with this process. */
export async function startProgram(
  title: string,
  folder: string,
  command: readonly [string, ...string[]],
  flags: Readonly<Record<string, string | undefined>>,
): Promise<Program> {
  const file = path.join(folder, `${title}.log`)
  const log = await open(file, 'a')
  const args = Object.entries(flags).map(([name, value]) => `--${name}=${value}`)
  const stdio = ['ignore' as const, log.fd, log.fd]
  const child = startChild(title, [...command, ...args], { cwd: folder, stdio })
  await log.close()
  const { pid } = child
  if (pid === undefined) throw new Error(await child.ended)
  return {
    pid,
    ended: child.ended.then(async (how) => `${how}: ${await lastLine(file)}`),
    kill: async () => {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // Already exited.
      }
      await child.ended
    },
  }
}

async function lastLine(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text.trimEnd().split('\n').at(-1) ?? ''
}
