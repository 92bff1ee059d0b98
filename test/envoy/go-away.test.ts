import { afterEach, expect, it, vi } from 'vitest'
import { goAway } from '../../src/envoy/go-away.ts'

afterEach(() => void vi.useRealTimers())

it.each([
  ['a connection', { encrypted: false }, 'told by a frame'],
  ['a new connection', { encrypted: false, pendingSettingsAck: true }, 'told'],
  ['a connection with TLS', { encrypted: true }, 'told'],
  ['a connection whose encryption is not known', {}, 'told'],
])(
  '%s is told, then closed, and in the end destroyed with what is under way on it',
  (_, state, told) => {
    vi.useFakeTimers()
    const steps: string[] = []
    const session: Parameters<typeof goAway>[0] = {
      destroyed: false,
      closed: false,
      pendingSettingsAck: false,
      ...state,
      goaway: () => void steps.push('told'),
      close: () => void steps.push('closed'),
      destroy: () => void steps.push('destroyed'),
    }
    goAway(session, { write: () => steps.push('told by a frame') > 0 })
    expect(steps).toEqual([told])
    vi.advanceTimersByTime(1_000)
    expect(steps).toEqual([told, 'closed'])
    vi.advanceTimersByTime(10_000)
    expect(steps).toEqual([told, 'closed', 'destroyed'])
  },
)
