import { describe, expect, it } from 'vitest'
import type { ShadowCheck, ShadowVerdict } from '../../src/access/answer.ts'
import { deny, OPEN } from '../../src/access/decision.ts'
import type { Target } from '../../src/access/target.ts'
import { createCheckObserver } from '../../src/app/observe-checks.ts'
import type { Checked } from '../../src/envoy/check-handler.ts'
import type { CountedCheck } from '../../src/observability/check-counts.ts'
import type { LoggedCheck } from '../../src/observability/decision-log.ts'
import { aService } from '../../testing/builders.ts'

const REFUSED: ShadowVerdict = {
  service: aService(),
  decision: 'deny',
  reason: 'not-permitted',
  credentialKind: 'jwt',
}

const aCheck = (shadowCheck?: ShadowCheck): Checked => ({
  incoming: {
    position: 'gateway',
    host: 'iris.example.com',
    source: { address: '10.0.0.2', port: 4711, principal: undefined },
    destination: { address: '10.0.0.1', port: 8080, principal: undefined },
    request: undefined,
    requestId: 'one',
    method: 'POST',
    path: '/v1',
    grpc: false,
    underscored: [],
  },
  answer: {
    decision: OPEN,
    target: undefined,
    caller: undefined,
    ...(shadowCheck === undefined ? {} : { shadowCheck }),
  },
  seconds: 0.001,
})

function observing() {
  const told = { logged: [] as LoggedCheck[], tried: [] as CountedCheck[], faults: [] as unknown[] }
  const { observe, settled } = createCheckObserver(
    { observe: () => {}, observeShadow: (shadowCheck) => void told.tried.push(shadowCheck) },
    { log: (check) => void told.logged.push(check) },
    (fault) => void told.faults.push(fault),
  )
  return { observe, settled, told }
}

describe('a check without anything in shadow', () => {
  it('is logged immediately, without shadow fields', () => {
    const { observe, told } = observing()
    observe(aCheck())
    expect(told.logged).toHaveLength(1)
    expect(told.logged[0]).not.toHaveProperty('shadowDecision')
    expect(told.tried).toEqual([])
  })
})

describe('a check without a target', () => {
  it('is logged with everything that is known of it', () => {
    const { observe, told } = observing()
    const { incoming, seconds } = aCheck()
    const unknown = { target: undefined, caller: undefined }
    observe({ incoming, seconds, answer: { decision: deny('unknown-target'), ...unknown } })
    const { position, host, source, destination } = incoming
    expect(told.logged).toEqual([
      expect.objectContaining({ position, host, source, destination, reason: 'unknown-target' }),
    ])
  })
})

describe('the last denial', () => {
  const denials = () => {
    const kept: { readonly name: string; readonly time: number }[] = []
    const { observe } = createCheckObserver(
      { observe: () => {}, observeShadow: () => {} },
      { log: () => {} },
      () => {},
      { observe: ({ name }, denial) => void kept.push({ name, ...denial }) },
    )
    return { observe, kept }
  }
  const target: Target = {
    service: aService({ name: 'iris' }),
    position: 'gateway',
    workload: undefined,
    pathPrefix: '',
  }

  it('of a service is kept, with the time of its arrival', () => {
    const { observe, kept } = denials()
    const before = Date.now()
    const decision = deny('not-permitted')
    observe({ ...aCheck(), seconds: 60, answer: { decision, target, caller: undefined } })

    expect(kept).toEqual([
      { name: 'iris', reason: 'not-permitted', position: 'gateway', time: expect.any(Number) },
    ])
    const { time = 0 } = kept[0] ?? {}
    expect([time >= before - 60_000, time <= Date.now() - 60_000]).toEqual([true, true])
  })

  it('is neither an allowed check nor one without a service', () => {
    const { observe, kept } = denials()
    observe({ ...aCheck(), answer: { decision: OPEN, target, caller: undefined } })
    const unknown = { target: undefined, caller: undefined }
    observe({ ...aCheck(), answer: { decision: deny('unknown-target'), ...unknown } })

    expect(kept).toEqual([])
  })
})

describe('a denial', () => {
  it('is logged with the name of its credential and with what decided', () => {
    const { observe, told } = observing()
    const { incoming, seconds } = aCheck()
    const about = { reference: 'team/old-key', decidedBy: 'policy gold, deny[0]' }
    const unknown = { target: undefined, caller: undefined }
    observe({
      incoming,
      seconds,
      answer: { decision: deny('expired-api-key'), ...unknown, ...about },
    })
    expect(told.logged).toEqual([
      expect.objectContaining({ credential: 'team/old-key', decidedBy: 'policy gold, deny[0]' }),
    ])
  })
})

describe('a check with something in shadow', () => {
  it('is evaluated after the answer', async () => {
    let tried = false
    const { observe, settled } = observing()
    observe(
      aCheck(() => {
        tried = true
        return REFUSED
      }),
    )
    expect(tried).toBe(false)
    await settled(10_000)
    expect(tried).toBe(true)
  })

  it('is logged once, with both decisions, and counted by the enforcement decision', async () => {
    const { observe, settled, told } = observing()
    observe(aCheck(async () => REFUSED))
    await settled(10_000)
    expect(told.logged).toEqual([
      expect.objectContaining({
        decision: 'allow',
        shadowDecision: 'deny',
        shadowReason: 'not-permitted',
      }),
    ])
    expect(told.tried).toEqual([
      {
        namespace: 'team',
        name: 'iris',
        outcome: 'deny',
        reason: 'not-permitted',
        credentialKind: 'jwt',
      },
    ])
  })

  it('is logged even if its evaluation fails, and the error is reported', async () => {
    const fault = new Error('unforeseen')
    const { observe, settled, told } = observing()
    observe(aCheck(() => Promise.reject(fault)))
    await settled(10_000)
    expect(told.faults).toEqual([fault])
    expect(told.logged).toEqual([
      expect.objectContaining({ shadowDecision: 'unknown', shadowReason: 'internal' }),
    ])
    expect(told.tried).toEqual([])
  })

  it('does not delay shutdown beyond its limit', async () => {
    const { observe, settled, told } = observing()
    observe(aCheck(() => new Promise(() => {})))
    await settled(1)
    expect(told.logged).toEqual([])
  })
})
