import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { isIP } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'

const CURVE = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']

/** Makes certificate authorities, each with one server certificate. */
export async function createAuthorities() {
  const folder = await mkdtemp(path.join(tmpdir(), 'authorities-'))
  const openssl = (...args: readonly string[]) =>
    promisify(execFile)('openssl', ['req', '-x509', ...CURVE, ...args], { cwd: folder })

  return {
    folder,
    /** `hosts`: DNS names and addresses of the server, in addition to 127.0.0.1. */
    create: async (name: string, ...hosts: readonly string[]) => {
      const caFile = path.join(folder, `${name}.ca.crt`)
      await openssl('-out', caFile, '-keyout', `${name}.ca.key`, '-subj', `/O=${name}`)
      const names = [
        'IP:127.0.0.1',
        ...hosts.map((host) => `${isIP(host) === 0 ? 'DNS' : 'IP'}:${host}`),
      ].join()
      const signer = ['-CA', caFile, '-CAkey', `${name}.ca.key`]
      const own = ['-subj', '/', '-addext', `subjectAltName=${names}`]
      const files = ['-out', `${name}.crt`, '-keyout', `${name}.key`]
      await openssl(...signer, ...files, ...own, '-addext', 'basicConstraints=critical,CA:FALSE')
      return {
        caFile,
        ca: await readFile(caFile, 'utf8'),
        cert: await readFile(path.join(folder, `${name}.crt`), 'utf8'),
        key: await readFile(path.join(folder, `${name}.key`), 'utf8'),
      }
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}
