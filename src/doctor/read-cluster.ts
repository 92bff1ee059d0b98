// Lists the objects that the doctor examines from the API server.

import { describeApiProblem, isForbidden } from '../kubernetes/client/api-problem.ts'
import { ApiError, type ApiServer } from '../kubernetes/client/api-server.ts'
import { type Collection, pagesOf, type ReadLimits } from '../kubernetes/watch/list-watch.ts'
import { POD_SELECTORS } from '../resources/service-pods.ts'
import {
  EXAMINED,
  EXAMINED_KINDS,
  type ExaminedKind,
  type Objects,
  OWN_LABEL,
  objectsFrom,
} from './objects.ts'

type Query = Readonly<Record<string, string>>

/** The versions of a kind, the preferred one first, and what is listed of it. */
type Listing = {
  readonly versions: readonly [string, ...string[]]
  /** The plural, if it is not the kind and an `s`. */
  readonly resource?: string
  /** Each is one list; absent: one list of all. */
  readonly queries?: readonly Query[]
}

const OWN: readonly Query[] = [{ labelSelector: OWN_LABEL.join('=') }]

/** A kind without an entry does not compile. */
const LISTINGS: Readonly<Record<ExaminedKind, Listing>> = {
  InferenceService: { versions: ['v1beta1'] },
  InferenceGraph: { versions: ['v1alpha1'] },
  LLMInferenceService: { versions: ['v1alpha2', 'v1alpha1'] },
  AccessPolicy: { versions: ['v1alpha1'], resource: 'accesspolicies' },
  Pod: { versions: ['v1'], queries: POD_SELECTORS.map((labelSelector) => ({ labelSelector })) },
  Service: { versions: ['v1'], queries: OWN },
  ConfigMap: { versions: ['v1'], queries: [{ fieldSelector: 'metadata.name=istio' }] },
  Deployment: { versions: ['v1'], queries: OWN },
  NetworkPolicy: { versions: ['v1'], resource: 'networkpolicies' },
  AuthorizationPolicy: { versions: ['v1', 'v1beta1'], resource: 'authorizationpolicies' },
  Sidecar: { versions: ['v1', 'v1beta1'] },
  Gateway: { versions: ['v1', 'v1beta1'] },
  HTTPRoute: { versions: ['v1', 'v1beta1'] },
  GRPCRoute: { versions: ['v1', 'v1alpha2'] },
  SecurityPolicy: { versions: ['v1alpha1'], resource: 'securitypolicies' },
}

/** Rejects if the API server cannot be reached or does not accept the credentials. */
export async function readCluster(
  api: ApiServer,
  limits: Pick<ReadLimits, 'requestMs' | 'signal'>,
): Promise<Objects> {
  const unread = new Map<ExaminedKind, string>()
  const contents: unknown[] = []
  await Promise.all(
    EXAMINED_KINDS.map(async (kind) => {
      const listing = LISTINGS[kind]
      try {
        for (const query of listing.queries ?? [{}])
          contents.push(...(await listed(api, kind, listing, query, limits)))
      } catch (error) {
        if (!isForbidden(error)) throw error
        unread.set(kind, describeApiProblem(error, `list ${resourceOf(kind, listing)}`))
      }
    }),
  )
  return objectsFrom(contents, unread)
}

const NOT_FOUND = 404

/** The items of the first version that the cluster has; empty: it has none. */
async function listed(
  api: ApiServer,
  kind: ExaminedKind,
  listing: Listing,
  query: Query,
  limits: Pick<ReadLimits, 'requestMs' | 'signal'>,
): Promise<readonly unknown[]> {
  const group = EXAMINED[kind]
  const resource = resourceOf(kind, listing)
  for (const version of listing.versions) {
    const apiVersion = group === '' ? version : `${group}/${version}`
    const path = `/${group === '' ? 'api' : 'apis'}/${apiVersion}/${resource}`
    const collection: Collection = { resource, paths: [path], query, metadataOnly: false }
    try {
      const items: unknown[] = []
      for await (const page of pagesOf(api, collection, path, limits))
        for (const { content } of page.items) items.push({ ...content, kind, apiVersion })
      return items
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== NOT_FOUND) throw error
    }
  }
  return []
}

const resourceOf = (kind: ExaminedKind, { resource }: Listing): string =>
  resource ?? `${kind.toLowerCase()}s`
