import type { Target } from './target.ts'
import { address, authority } from './targets/authorities.ts'
import { checkBytes, checkMessage } from './targets/checks.ts'
import { configurationFile, environment } from './targets/configurations.ts'
import { headers } from './targets/headers.ts'
import { http2 } from './targets/http2.ts'
import { introspection } from './targets/introspection.ts'
import { manifest } from './targets/manifests.ts'
import { object } from './targets/objects.ts'
import { path } from './targets/paths.ts'
import { policy } from './targets/policies.ts'
import { review } from './targets/reviews.ts'
import { page, watch } from './targets/streams.ts'
import { jwks, jwt } from './targets/tokens.ts'

/** Each reader of foreign data. */
export const TARGETS: readonly Target[] = [
  checkBytes,
  checkMessage,
  http2,
  headers,
  authority,
  address,
  path,
  jwt,
  jwks,
  introspection,
  manifest,
  object,
  policy,
  watch,
  page,
  review,
  configurationFile,
  environment,
]
