// Metrics of refused tokens, and of values that cannot be sent to the model.

import { Counter, Gauge, type Registry } from 'prom-client'
import { TOKEN_CAUSES, type TokenRefusal } from '../access/token-refusal.ts'

/** Counts refused tokens by cause, and values of callers that cannot be sent to the model. */
export function createTokenCounts(registry: Registry, insecureProviders: readonly string[]) {
  const refusals = new Counter({
    name: 'kserve_authz_token_refusals_total',
    help: 'Tokens that were refused, by the check that they did not pass.',
    labelNames: ['provider', 'cause'],
    registers: [registry],
  })
  const groups = new Counter({
    name: 'kserve_authz_token_groups_left_out_total',
    help: 'Entries among the groups of tokens that cannot be read, and are left out.',
    labelNames: ['provider'],
    registers: [registry],
  })
  const values = new Counter({
    name: 'kserve_authz_identity_values_left_out_total',
    help: 'Values of callers that no header for the model can carry.',
    labelNames: ['value', 'cause'],
    registers: [registry],
  })
  const insecure = new Gauge({
    name: 'kserve_authz_provider_insecure_http',
    help: 'Identity providers that are reached over plain http, each with the value 1.',
    labelNames: ['provider'],
    registers: [registry],
  })
  for (const cause of TOKEN_CAUSES) refusals.inc({ provider: '', cause }, 0)
  for (const provider of insecureProviders) insecure.set({ provider }, 1)

  return {
    observeTokenRefusal: ({ provider = '', cause }: TokenRefusal) =>
      refusals.inc({ provider, cause }),
    observeOddGroups: (provider: string, count: number) => groups.inc({ provider }, count),
    observeLeftOut: (value: string, cause: string) => values.inc({ value, cause }),
  }
}
