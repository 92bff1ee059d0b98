import type { CheckParts } from '../../src/envoy/check-handler.ts'
import { createEncode } from '../../src/envoy/encode.ts'
import { anAuthorize, aService } from '../builders.ts'

/** The parts of a handler of checks of one protected service, which tells nobody what it did. */
export const aCheckParts = (given: Partial<CheckParts> = {}): CheckParts => ({
  authorize: anAuthorize({ services: [aService()] }),
  encode: createEncode({
    headers: { user: 'x-user', groups: 'x-groups', credential: 'x-credential', claims: {} },
    realm: 'kubernetes-user',
  }),
  observe: () => {},
  report: () => {},
  deadlineMs: 60_000,
  ...given,
})
