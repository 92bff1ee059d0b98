import { FOLDER } from './folder.ts'
import { LOG } from './log.ts'
import { OBJECTS } from './objects.ts'
import { POLICIES } from './policies.ts'
import { PROVIDERS } from './providers.ts'
import { SERVICES } from './services.ts'
import type { Bounds } from './texts.ts'
import { TOKENS } from './tokens.ts'

/** Of everything but requests, by the head of the first column. */
export const OTHER_BOUNDS: Readonly<Record<string, Bounds>> = {
  'an AccessPolicy': POLICIES,
  'other objects': OBJECTS,
  'a folder of manifests': FOLDER,
  'a service and its routes': SERVICES,
  'tokens and permissions': TOKENS,
  'keys of an identity provider': PROVIDERS,
  'a log line': LOG,
}
