// Parses SPIFFE IDs in Istio's form.

/** A workload's identity in the mesh. */
export type Principal = {
  readonly trustDomain: string
  readonly namespace: string
  readonly serviceAccount: string
}

const SPIFFE = /^spiffe:\/\/([a-z0-9._-]{1,255})\/ns\/([a-z0-9-]{1,63})\/sa\/([a-z0-9.-]{1,253})$/

/** Reads Istio's form of a SPIFFE ID; `undefined`: anything else, such as a DNS name or a subject. */
export function readPrincipal(text: string): Principal | undefined {
  const [, trustDomain, namespace, serviceAccount] = SPIFFE.exec(text) ?? []
  if (trustDomain === undefined || namespace === undefined || serviceAccount === undefined) {
    return undefined
  }
  return { trustDomain, namespace, serviceAccount }
}
