// The command `can`: says whether a user may call a service.

import { type AccessRequest, NO_PEER } from '../access/request.ts'
import type { Service } from '../access/service.ts'
import { displayNameOf } from '../resources/object.ts'
import { assumedBy } from './assume.ts'
import { requireMethod } from './check-message.ts'
import { UsageError } from './exit-codes.ts'
import { oneLine } from './explanation.ts'
import type { CanFlags } from './flags.ts'
import { hintsFor } from './hints.ts'
import { look } from './look.ts'
import { serviceNamed } from './named-service.ts'
import { cannotDecide, isUnseen } from './unseen.ts'

/** Prints yes or no, and why; resolves to the exit code: 0 yes, 1 no. */
export function can(
  flags: CanFlags,
  user: string,
  verbOrService: string,
  named?: string,
): Promise<number> {
  const assumed = assumedBy({ as: user, asGroup: flags.asGroup, header: [] })
  if (assumed === undefined) throw new UsageError('USER: expected a user of Kubernetes')
  const method = named === undefined ? 'POST' : verbOrService.toUpperCase()
  requireMethod(method)
  if (flags.path !== undefined && !flags.path.startsWith('/'))
    throw new UsageError('--path: expected a path that begins with /')
  return look(
    flags,
    async (seen) => {
      const service = serviceNamed(named ?? verbOrService, seen.engine)
      const request = requestFor(service, method, flags.path, assumed.credential)
      const steps: string[] = []
      const answer = await seen.engine.judge(request, service, (step) => steps.push(step))
      const { decision } = answer
      const reason = decision.outcome === 'deny' ? decision.reason : ''
      if (isUnseen(reason)) throw cannotDecide(reason, seen)
      const hints = hintsFor(request, answer, seen).map((hint) => `hint: ${hint}`)
      const verdict = decision.outcome === 'allow' ? 'yes' : `no, ${reason}`
      const asked = `${user} ${method} ${request.path} at ${displayNameOf(service)}`
      const unread = seen.unread.map((each) => `not read: ${each}`)
      const lines = [
        `${verdict}: ${asked}`,
        ...[...unread, ...steps, ...hints].map((step) => `  ${step}`),
      ]
      process.stdout.write(`${lines.map(oneLine).join('\n')}\n`)
      return decision.outcome === 'allow' ? 0 : 1
    },
    { assumed: [assumed.inspected] },
  )
}

/** A request at a gateway; by default the path of a prediction. */
const requestFor = (
  service: Service,
  method: string,
  path: string | undefined,
  credential: string,
): AccessRequest => ({
  position: 'gateway',
  method,
  path: path ?? pathOf(service),
  host: '',
  headers: new Map([['authorization', `Bearer ${credential}`]]),
  source: NO_PEER,
  destination: NO_PEER,
})

const pathOf = ({ kind, name }: Service): string =>
  kind === 'LLMInferenceService'
    ? '/v1/chat/completions'
    : kind === 'InferenceGraph'
      ? '/'
      : `/v1/models/${name}:predict`
