import { GROUP, ROLE } from './tokens.ts'
import type { Model } from './world.ts'

/** A label on the Secrets of keys. */
export const TEAM_LABEL = 'team'

/** Counted from one: the callers' own team has the number of the last rule. */
export const teamOf = (number: number): string => `team-${number}`

/** An AccessPolicy with a rule for each team; the callers' rule is the last. */
export function policyOf({ namespace, name }: Model, rules: number): string {
  const allow = Array.from({ length: rules }, (_, index) =>
    ruleOf(index + 1, { last: rules, name }),
  )
  return `apiVersion: kserve-authz.io/v1alpha1
kind: AccessPolicy
metadata: { name: teams, namespace: ${namespace} }
spec:
  targetRefs: [{ group: serving.kserve.io, kind: InferenceService, name: ${name} }]
  allow:
${allow.join('')}`
}

/** A team is a group of people with a role, named programs, or holders of its keys. */
function ruleOf(number: number, { last, name }: { last: number; name: string }): string {
  const [group, role] = number === last ? [GROUP, ROLE] : [`group-${number}`, `role-${number}`]
  return `    - from:
        - groups: ["oidc:${group}"]
          claims: { realm_access.roles: [${role}, owner-${number}] }
        - claims: { azp: [batch-${number}, nightly-${number}] }
        - apiKeys: { matchLabels: { ${TEAM_LABEL}: ${teamOf(number)} } }
      to:
        - methods: [POST]
          paths: ["/v1/models/${name}:predict", "/v2/models/${name}/*"]
`
}
