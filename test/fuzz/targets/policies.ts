import { createHash } from 'node:crypto'
import type { Answer } from '../../../src/access/answer.ts'
import { readResource } from '../../../src/resources/resource.ts'
import { anApiKey, anAuthorize, aRequest, aService } from '../../../testing/builders.ts'
import { SETTINGS } from '../../../testing/objects.ts'
import { jsonIn, must, type Target } from '../target.ts'

const KEY = 'iris-key-0123456789'
const REQUESTS = [
  aRequest({ headers: { authorization: `Bearer ${KEY}` } }),
  aRequest({ headers: { authorization: 'Bearer reader-token' } }),
  aRequest(),
  aRequest({ method: 'GET', path: '/v2/health/ready' }),
]
const EVERYONE = { authentication: { anonymous: {} }, allow: [{}] }

/** The `spec` of an AccessPolicy for the namespace of a protected service. */
export const policy: Target = {
  name: 'policy',
  form: 'json',
  words: [
    'targetRefs',
    'group',
    'serving.kserve.io',
    'kind',
    'InferenceService',
    'name',
    'iris',
    'mode',
    'Enforce',
    'Shadow',
    'authentication',
    'kubernetes',
    'audiences',
    'apiKeys',
    'selector',
    'matchLabels',
    'jwt',
    'provider',
    'keycloak',
    'mesh',
    'anonymous',
    'deny',
    'allow',
    'from',
    'to',
    'serviceAccounts',
    'team/reader',
    'users',
    'groups',
    'principals',
    'claims',
    'methods',
    'paths',
    '/v1/models/*',
    '/*',
    'POST',
    'exclusions',
    'path',
    '/v2/health/ready',
    'headers',
    'claim',
  ],
  run: async (input) => {
    const spec = jsonIn(input)
    const { policy, problems } = policyOf(spec)
    const answers = await answersWith(spec)
    if (policy.terms === undefined) {
      must(problems.length > 0, 'is unreadable without a problem')
      const reached =
        policy.targets === undefined || policy.targets.some(({ name }) => name === 'iris')
      const open = answers.some(({ decision }) => decision.outcome === 'allow')
      must(policy.mode !== 'enforce' || !reached || !open, 'is unreadable and allows')
      return
    }
    const misspelt = policyOf({ ...Object(spec), alow: [] })
    must(misspelt.policy.terms === undefined, 'has an unknown field and is readable')
    if (policy.mode === 'enforce') await narrows(spec)
  },
}

/** Whatever a policy contains, a second one can only allow less. */
async function narrows(spec: unknown) {
  const [alone, both] = [await answersWith(EVERYONE), await answersWith(EVERYONE, spec)]
  for (const [index, { decision }] of both.entries()) {
    const excluded = 'exclusions' in Object(spec)
    const wider = decision.outcome === 'allow' && alone[index]?.decision.outcome !== 'allow'
    must(!wider || excluded, 'allows more next to another')
  }
}

function policyOf(spec: unknown, name = 'one') {
  const metadata = { name, namespace: 'team' }
  const object = { apiVersion: 'kserve-authz.io/v1alpha1', kind: 'AccessPolicy', metadata, spec }
  const { resource, problems } = readResource(object, {
    ...SETTINGS,
    sha256: (bytes) => createHash('sha256').update(bytes).digest('hex'),
  })
  must(resource.kind === 'policy', 'is an AccessPolicy without a policy')
  return { policy: resource.policy, problems }
}

async function answersWith(...specs: readonly unknown[]): Promise<readonly Answer[]> {
  const policies = specs.map((spec, index) => policyOf(spec, `policy-${index}`).policy)
  const authorize = anAuthorize({ services: [aService()], keys: [anApiKey()], policies })
  return Promise.all(REQUESTS.map(async (request) => authorize(request)))
}
