import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createDirectory, type Directory } from '../../src/access/directory.ts'
import type { ServiceRef } from '../../src/access/service.ts'
import { followProtection, MAX_REPORTED } from '../../src/app/protection-changes.ts'
import { aService } from '../../testing/builders.ts'
import { aPolicy } from '../../testing/policies/any-policies.ts'

const OPEN = aService({ protection: 'open' })
const PROTECTED = aService({ protectedBy: 'annotation' })

let lines: string[]
let told: ServiceRef[]
let observed: string[]
let synced: boolean
let directory: Directory
let close: () => void

beforeEach(() => {
  vi.useFakeTimers()
  ;[lines, told, observed, synced] = [[], [], [], true]
  ;({ directory, close } = followProtection(createDirectory(), {
    synced: () => synced,
    report: ({ level, object, reason, message }, service) => {
      lines.push(`${level} ${object} ${reason} ${message}`)
      if (service !== undefined) told.push(service)
    },
    observe: (protection, before) => observed.push(`${before ?? 'new'} to ${protection}`),
    failed: (bug) => lines.push(String(bug)),
    turn: () => Promise.resolve(),
  }))
})
afterEach(() => {
  close()
  vi.useRealTimers()
})

const put = (service = PROTECTED) => directory.services.put(service.name, service)
const settled = async () => {
  await vi.advanceTimersByTimeAsync(10_000)
  return lines.splice(0)
}
const started = async () => {
  expect(await settled()).toHaveLength(1)
}
const many = (count: number, given: Parameters<typeof aService>[0] = {}) => {
  for (let index = 0; index < count; index += 1)
    put(aService({ urls: [], ...given, name: `${given.namespace ?? 'team'}-${index}` }))
}

describe('at start', () => {
  it('one line counts all services, however many there are', async () => {
    synced = false
    many(9_000)
    many(1_000, { namespace: 'lab', protection: 'open' })
    expect(await settled()).toEqual([])
    synced = true
    expect(await settled()).toEqual([
      'info services Protection 10000 services are known: 1000 open, 9000 protected',
    ])
    expect([told, observed]).toEqual([[], []])
  })

  it('an installation without services says that, too', async () => {
    expect(await settled()).toEqual(['info services Protection 0 services are known'])
  })
})

describe('a change of protection', () => {
  beforeEach(async () => {
    put()
    await started()
  })

  it('has one line, and is told to the owner and counted', async () => {
    put(OPEN)
    expect(await settled()).toEqual([
      'warn InferenceService team/iris ServiceOpened open: everybody may call it (no annotation and no policy; before: protected)',
    ])
    expect(told).toEqual([{ kind: 'InferenceService', namespace: 'team', name: 'iris' }])
    expect(observed).toEqual(['protected to open'])
    put({ ...OPEN })
    expect(await settled()).toEqual([])
  })

  it('by a policy is one of each service that the policy covers', async () => {
    put(OPEN)
    await settled()
    const policy = aPolicy({ mode: 'enforce', name: 'strict' })
    directory.policies.put('a', policy)
    expect(await settled()).toEqual([
      'info InferenceService team/iris ServiceProtected protected: callers need a credential and permission (policy strict; before: open)',
    ])
    directory.policies.put('a', { ...policy, terms: undefined })
    expect(await settled()).toEqual([
      'warn InferenceService team/iris ServiceClosed closed: nobody may call it (policy strict: strict cannot be read; before: protected)',
    ])
    directory.policies.put('a', { ...policy, mode: 'shadow' })
    expect(await settled()).toEqual([
      'warn InferenceService team/iris ServiceInShadow in shadow: everybody may call it (its policies are in shadow; before: closed)',
    ])
    directory.policies.remove('a')
    expect(await settled()).toEqual([
      'info InferenceService team/iris ServiceOpened open: everybody may call it (no annotation and no policy; before: shadow)',
    ])
  })

  it('to a declaration that cannot be read is a warning', async () => {
    put({ ...PROTECTED, protection: 'lost' })
    expect(await settled()).toEqual([
      'warn InferenceService team/iris ServiceLost lost: nobody may call it (its declaration can no longer be read; before: protected)',
    ])
  })

  it('that is taken back within a second is none', async () => {
    put(OPEN)
    put(PROTECTED)
    expect(await settled()).toEqual([])
    directory.services.remove('iris')
    put(PROTECTED)
    expect(await settled()).toEqual([])
  })

  it('is found when a service is replaced by an open one of the same name', async () => {
    directory.services.remove('iris')
    put(OPEN)
    expect(await settled()).toHaveLength(1)
    expect(observed).toEqual(['protected to open'])
  })

  it('of one of two declarations counts only if both open the service', async () => {
    directory.services.put('again', OPEN)
    expect(await settled()).toEqual([])
    put(OPEN)
    expect(await settled()).toHaveLength(1)
  })
})

describe('a service', () => {
  beforeEach(started)

  it('that is new has a line, and no event', async () => {
    put()
    expect(await settled()).toEqual([
      'info InferenceService team/iris ServiceProtected protected: callers need a credential and permission (annotation enable-auth; a new service)',
    ])
    expect([told, observed]).toEqual([[], ['new to protected']])
  })

  it('that is deleted is forgotten', async () => {
    put()
    await settled()
    directory.services.remove('iris')
    expect(await settled()).toEqual([])
    put()
    expect(await settled()).toHaveLength(1)
  })

  it('that nobody may call from its beginning is told to its owner', async () => {
    put({ ...PROTECTED, protection: 'lost' })
    await settled()
    expect(told).toHaveLength(1)
  })
})

describe('many changes at once', () => {
  beforeEach(async () => {
    many(10_000)
    many(1, { namespace: 'lab' })
    await started()
  })

  it('have a bounded number of lines, and the others are counted', async () => {
    many(10_000, { protection: 'open' })
    const told = await settled()
    expect(told).toHaveLength(MAX_REPORTED + 1)
    expect(told.at(-1)).toBe('warn namespace team Protection 9984 more services changed: 9984 open')
    expect(observed).toHaveLength(10_000)
  })

  it('of one tenant hide none of another', async () => {
    many(10_000, { protection: 'open' })
    many(1, { namespace: 'lab', protection: 'open' })
    expect((await settled()).filter((line) => line.includes('lab/'))).toHaveLength(1)
  })

  it('have their warnings first', async () => {
    many(100, { namespace: 'new' })
    many(1, { namespace: 'lab', protection: 'open' })
    put(aService({ name: 'z', namespace: 'new', protection: 'lost' }))
    const ofNew = (await settled()).filter((line) => line.includes('new/'))
    expect(ofNew[0]).toContain('new/z ServiceLost')
  })

  it('take at most a twentieth of the time', async () => {
    const looks: number[] = []
    const now = vi.spyOn(performance, 'now')
    let work = 0
    const fake = Date.now()
    now.mockImplementation(() => Date.now() - fake + work)
    const slow = followProtection(createDirectory(), {
      synced: () => {
        looks.push(Date.now() - fake)
        return true
      },
      report: () => {
        work += 1_000
      },
      failed: () => {},
      turn: () => Promise.resolve(),
    })
    await vi.advanceTimersByTimeAsync(1_500)
    slow.directory.services.put('a', PROTECTED)
    await vi.advanceTimersByTimeAsync(60_000)
    slow.close()
    now.mockRestore()
    expect(looks).toHaveLength(2)
    expect((looks[1] ?? 0) - (looks[0] ?? 0)).toBeGreaterThanOrEqual(19_000)
  })
})
