// Reads the validity of a certificate.

import { X509Certificate } from 'node:crypto'
import type { ReadCertificate } from '../doctor/certificates.ts'

/** Of the first certificate in PEM, which is the server's own. */
export const readCertificate: ReadCertificate = (pem) => {
  try {
    const { validFrom, validTo } = new X509Certificate(pem)
    return { from: new Date(validFrom), until: new Date(validTo) }
  } catch {
    return undefined
  }
}
