// Examines the certificate of the service's own TLS.

import { mountedFile } from '../resources/mounted-file.ts'
import { isSubdomainName, listAt, textAt, valueAt } from '../resources/object.ts'
import type { DoctorFinding } from './finding.ts'
import { type Objects, OWN_LABEL, ownObjects } from './objects.ts'

type Validity = { readonly from: Date; readonly until: Date }

/** `undefined`: not a certificate in PEM. */
export type ReadCertificate = (pem: string) => Validity | undefined

type Place = { readonly namespace: string; readonly name: string; readonly key: string }

/** The Secrets that the Deployments of the service mount as this file. */
export function servingSecrets(objects: Objects, certFile: string | undefined): readonly Place[] {
  if (certFile === undefined) return []
  const found = ownObjects(objects, 'Deployment').flatMap(({ namespace, content }) => {
    const pod = valueAt(content, 'spec', 'template', 'spec')
    return listAt(pod, 'containers')
      .filter((container) => textAt(container, 'name') === OWN_LABEL[1])
      .map((container) => mountedFile(certFile, { container, pod, type: 'secret' }))
      .flatMap((place) =>
        place === undefined || !isSubdomainName(place.name) ? [] : [{ namespace, ...place }],
      )
  })
  return [...new Map(found.map((place) => [`${place.namespace}/${place.name}`, place])).values()]
}

type Parts = {
  readonly certFile: string | undefined
  readonly certificate: ReadCertificate
  readonly now: Date
}

export const inspectCertificates = (
  objects: Objects,
  { certFile, certificate, now }: Parts,
): readonly DoctorFinding[] =>
  servingSecrets(objects, certFile).flatMap((place): readonly DoctorFinding[] => {
    const { namespace, name, key } = place
    const object = `Secret ${namespace}/${name}`
    const renew = `cmctl renew -n ${namespace} CERTIFICATE, or replace ${key} of the Secret.`
    const secret = objects
      .of('Secret')
      .find((each) => each.namespace === namespace && each.name === name)
    if (secret === undefined) return objects.unread.has('Secret') ? [] : [absent(object)]
    const validity = certificate(pemIn(secret.content, key))
    if (validity !== undefined) return faultsOf(validity, { object, key, now, renew })
    const message = `its ${key} is not a certificate in PEM`
    return [{ code: 'certificate-unreadable', object, message, remedy: renew }]
  })

const absent = (object: string): DoctorFinding => ({
  code: 'not-read',
  object,
  message: 'the Secret with the certificate of the service is not there',
  remedy: 'Create the Secret, or add it to the folder.',
})

/** As the API server merges them. */
const pemIn = (secret: unknown, key: string): string =>
  textAt(secret, 'stringData', key) ??
  Buffer.from(textAt(secret, 'data', key) ?? '', 'base64').toString('latin1')

type About = {
  readonly object: string
  readonly key: string
  readonly now: Date
  readonly renew: string
}

/** Before the certificate expires, in milliseconds. */
const SOON_MS = 7 * 24 * 60 * 60 * 1_000
/** Of the lifetime: cert-manager renews when a third is left, so short-lived certificates are sound till then. */
const LAST_PART = 0.25

function faultsOf(
  { from, until }: Validity,
  { object, key, now, renew }: About,
): readonly DoctorFinding[] {
  const left = until.getTime() - now.getTime()
  if (left <= 0) {
    const message = `the certificate ${key} expired at ${until.toISOString()}`
    return [{ code: 'certificate-not-valid', object, message, remedy: renew }]
  }
  if (from > now) {
    const message = `the certificate ${key} is not valid before ${from.toISOString()}`
    const remedy = `Check the clock of this machine and of the nodes, or: ${renew}`
    return [{ code: 'certificate-not-valid', object, message, remedy }]
  }
  const lifetime = until.getTime() - from.getTime()
  if (left > SOON_MS || left > lifetime * LAST_PART) return []
  const message = `the certificate ${key} expires at ${until.toISOString()}`
  return [{ code: 'certificate-expires', object, message, remedy: renew }]
}
