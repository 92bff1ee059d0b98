import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { TokenBinding } from '../../../src/kubernetes/reviews/token-binding.ts'
import { createTokenOwners, UNWATCHED } from '../../../src/kubernetes/reviews/token-owners.ts'
import type { Listed } from '../../../src/kubernetes/watch/watch-event.ts'

const binding = (given: Partial<TokenBinding> = {}): TokenBinding => ({
  account: 'team/reader',
  accountUid: 'uid-1',
  secret: undefined,
  secretUid: undefined,
  inSecret: given.secret !== undefined && given.secretUid === undefined,
  ...given,
})

const listed = (key: string, uid: string, version = '1'): Listed => ({
  key,
  version,
  content: { metadata: { uid } },
})

const READER = listed('team/reader', 'uid-1')
const SECRET = listed('team/token', 'secret-1')

function holding(objects: { account?: Listed; secret?: Listed } = {}) {
  const made = createTokenOwners([])
  if (objects.account !== undefined) made.accounts.put(objects.account)
  if (objects.secret !== undefined) made.secrets.put(objects.secret)
  return made
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('a token is valid', () => {
  it.each<[title: string, lives: boolean, of: TokenBinding | undefined]>([
    ['while its ServiceAccount exists', true, binding()],
    ['whatever its uid, if the token names none', true, binding({ accountUid: undefined })],
    ['not with another ServiceAccount of that name', false, binding({ accountUid: 'uid-2' })],
    ['not without its ServiceAccount', false, binding({ account: 'team/nobody' })],
    ['not with a ServiceAccount in another namespace', false, binding({ account: 'other/reader' })],
    ['while its Secret exists', true, binding({ secret: 'team/token' })],
    [
      'while its Secret with that uid exists',
      true,
      binding({ secret: 'team/token', secretUid: 'secret-1' }),
    ],
    ['not with another Secret', false, binding({ secret: 'team/token', secretUid: 'secret-2' })],
    [
      'with a Secret that is not watched',
      true,
      binding({ secret: 'team/opaque', secretUid: 'secret-3' }),
    ],
    ['not without its Secret', false, binding({ secret: 'team/gone' })],
    ['if it does not belong to a ServiceAccount', true, undefined],
  ])('%s', (_title, lives, of) => {
    expect(holding({ account: READER, secret: SECRET }).isLiving(of)).toBe(lives)
  })

  it('if nothing is watched', () => {
    expect(UNWATCHED.isLiving(binding())).toBe(true)
    expect(UNWATCHED.holds(UNWATCHED.hold(binding()), binding())).toBe(true)
  })

  it('in namespaces that are not watched', () => {
    const { isLiving } = createTokenOwners(['team'])
    expect(isLiving(binding({ account: 'other/reader' }))).toBe(true)
    expect(isLiving(binding())).toBe(false)
  })
})

describe('the owners of a token', () => {
  const bySecret = binding({ secret: 'team/token' })

  it.each<[title: string, same: boolean, change: (to: ReturnType<typeof holding>) => void]>([
    ['nothing happens', true, () => {}],
    [
      'the ServiceAccount is annotated',
      true,
      ({ accounts }) => accounts.put({ ...READER, version: '2' }),
    ],
    ['the ServiceAccount is deleted', false, ({ accounts }) => accounts.remove(READER.key)],
    [
      'the ServiceAccount is replaced by another of that name',
      false,
      ({ accounts }) => accounts.put(listed('team/reader', 'uid-2')),
    ],
    ['the Secret is deleted', false, ({ secrets }) => secrets.remove(SECRET.key)],
    ['the Secret is changed', false, ({ secrets }) => secrets.put({ ...SECRET, version: '2' })],
    [
      'the Secret is replaced by another',
      false,
      ({ secrets }) => secrets.put(listed('team/token', 'secret-2')),
    ],
    [
      'another Secret is changed',
      true,
      ({ secrets }) => secrets.put(listed('team/other', 's', '9')),
    ],
  ])('are the same or not when %s', (_title, same, change) => {
    const made = holding({ account: READER, secret: SECRET })
    const held = made.hold(bySecret)
    change(made)
    expect(made.holds(held, bySecret)).toBe(same)
  })

  it('are not the same after they were deleted and recreated identically', () => {
    const made = holding({ account: READER, secret: SECRET })
    const held = made.hold(bySecret)
    made.secrets.remove(SECRET.key)
    made.secrets.put(SECRET)
    expect(made.holds(held, bySecret)).toBe(false)
  })

  it('are not settled while one is missing, and for a while after the Secret has changed', () => {
    const made = holding({ account: READER })
    const isUnsettled = () => made.isUnsettled(made.hold(bySecret), bySecret)
    expect(isUnsettled()).toBe(true)
    made.secrets.put(SECRET)
    expect(isUnsettled()).toBe(true)
    vi.advanceTimersByTime(15_001)
    expect(isUnsettled()).toBe(false)
    expect(made.isUnsettled(made.hold(undefined), undefined)).toBe(false)
  })
})

describe('waiting for an owner', () => {
  it('ends as soon as it exists', async () => {
    const made = holding()
    const willLive = made.willLive(binding(), 300)
    vi.advanceTimersByTime(299)
    made.accounts.put(READER)
    expect(await willLive).toBe(true)
  })

  it('ends with its timeout', async () => {
    const willLive = holding().willLive(binding(), 300)
    vi.advanceTimersByTime(300)
    expect(await willLive).toBe(false)
  })

  it('does not start if it exists, or if there is no time', async () => {
    expect(await holding({ account: READER }).willLive(binding(), -1)).toBe(true)
    const late = holding().willLive(binding(), -1)
    vi.advanceTimersByTime(1)
    expect(await late).toBe(false)
  })
})
