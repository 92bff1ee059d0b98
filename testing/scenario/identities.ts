import { execFile } from 'node:child_process'
import { mkdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'

const CURVE = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']

/** The certificates of a mesh, as Istio issues them: for ServiceAccounts, `namespace/name`, by SPIFFE ID. */
export async function createIdentities(folder: string, names: readonly (string | undefined)[]) {
  const accounts = [...new Set(names.filter((name) => name !== undefined))]
  const fileOf = (account: string, end: string) =>
    path.join(folder, `${account.replace('/', '.')}.${end}`)
  const clientCaFile = path.join(folder, 'ca.crt')
  const clients = new Map<string, { cert: Buffer; key: Buffer; ca: Buffer }>()

  const openssl = (...args: readonly string[]) =>
    promisify(execFile)('openssl', ['req', '-x509', ...CURVE, ...args], { cwd: folder })

  const issue = async (account: string) => {
    const [namespace, name] = account.split('/')
    const files = { cert: fileOf(account, 'crt'), key: fileOf(account, 'key') }
    const spiffe = `URI:spiffe://cluster.local/ns/${namespace}/sa/${name}`
    const signer = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-out', files.cert, '-keyout', files.key]
    const own = ['-subj', '/', '-addext', `subjectAltName=${spiffe}`]
    await openssl(...signer, ...own, '-addext', 'basicConstraints=critical,CA:FALSE')
    clients.set(account, {
      cert: await readFile(files.cert),
      key: await readFile(files.key),
      ca: await readFile(clientCaFile),
    })
  }

  if (accounts.length > 0) {
    await mkdir(folder)
    await openssl('-out', 'ca.crt', '-keyout', 'ca.key', '-subj', '/O=cluster.local')
    for (const account of accounts) await issue(account)
  }
  return {
    /** Adds one to the existing certificates. */
    issue,
    clientOf: (account: string) => clients.get(account),
    serverOf: (account: string) => ({
      certFile: fileOf(account, 'crt'),
      keyFile: fileOf(account, 'key'),
      clientCaFile,
    }),
  }
}
