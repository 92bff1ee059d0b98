// The command `who-can`: lists who may call a service.

import { opens } from '../access/api-key.ts'
import { describePermission } from '../access/describe.ts'
import { protectionStatusOf } from '../access/protection-status.ts'
import type { Rule } from '../access/rule.ts'
import type { Service } from '../access/service.ts'
import { displayNameOf } from '../resources/object.ts'
import { keyRowOf } from './describe-service.ts'
import { oneLine } from './explanation.ts'
import type { LookFlags } from './flags.ts'
import { granteesOf, subjectOf } from './grantees.ts'
import { type Look, look, once } from './look.ts'
import { serviceNamed } from './named-service.ts'

/** Lists the callers of a service by what admits them; resolves to the exit code. */
export function whoCan(flags: LookFlags, named: string): Promise<number> {
  return look(flags, async (seen) => {
    const service = serviceNamed(named, seen.engine)
    const { protection, why } = protectionStatusOf(service, seen.engine.directory)
    const lines = [
      `${displayNameOf(service)} is ${protection}: ${why}`,
      ...(await callersOf(service, protection, seen)),
    ]
    seen.unread.forEach(once((each) => `not read: ${each}`))
    process.stdout.write(`${lines.map(oneLine).join('\n')}\n`)
    return 0
  })
}

async function callersOf(service: Service, protection: string, seen: Look) {
  if (protection === 'open' || protection === 'shadow') return ['everybody may call it']
  if (protection !== 'protected') return ['nobody may call it']
  const { terms } = seen.engine.effectivePoliciesOf(service).enforced
  const byRules = terms.filter(({ allow }) => allow !== undefined)
  return [
    ...(byRules.length === 0 ? await byPermission(service, seen) : []),
    ...byRules.flatMap(({ policy, allow = [] }) => [
      `policy ${policy} allows:`,
      ...(allow.length === 0 ? ['  nobody'] : allow.map((rule) => `  ${sayRule(rule)}`)),
    ]),
    ...terms
      .filter(({ deny }) => deny.length > 0)
      .flatMap(({ policy, deny }) => [
        `policy ${policy} denies:`,
        ...deny.map((rule) => `  ${sayRule(rule)}`),
      ]),
    ...keysFor(service, seen),
  ]
}

/** The subjects with one of the permissions that open the service. */
async function byPermission(service: Service, seen: Look) {
  const found = await granteesOf(service, seen)
  return found.flatMap(({ attributes, grantees }) => [
    `${describePermission(attributes, 'yes').replace(/: yes$/, '')}:`,
    ...(grantees.length === 0
      ? ['  nobody']
      : grantees.map((each) => `  ${subjectOf(each)} (${each.binding})`)),
  ])
}

function keysFor(service: Service, { engine }: Look): readonly string[] {
  const keys = [...engine.directory.keys.values()]
    .filter((key) => opens(key, service))
    .map((key) => keyRowOf(key, Date.now()))
  if (keys.length === 0) return ['API keys: none']
  return [
    'API keys, as far as policies accept them:',
    ...keys.map(({ secret, user, expiresAt, expired }) => {
      const until = expiresAt === null ? '' : `, until ${expiresAt}`
      return `  Secret ${secret}: ${user}${until}${expired ? ' (expired)' : ''}`
    }),
  ]
}

const sayRule = ({ from, to }: Rule) =>
  `${sayList('from', from, 'every caller')}, ${sayList('to', to, 'every operation')}`

function sayList(
  name: string,
  list: readonly Readonly<Record<string, unknown>>[] | undefined,
  all: string,
): string {
  if (list === undefined) return all
  const parts = list.map((each) =>
    Object.entries(each)
      .map(([part, wanted]) => `${part} ${JSON.stringify(wanted)}`)
      .join(' and '),
  )
  return `${name} ${parts.join(' or ') || 'none'}`
}
