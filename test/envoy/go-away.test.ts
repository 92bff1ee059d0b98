import type { Http2Session } from 'node:http2'
import { afterEach, expect, it, vi } from 'vitest'
import { goAway } from '../../src/envoy/go-away.ts'

afterEach(() => void vi.useRealTimers())

it('a connection is told, then closed, and in the end destroyed with what is under way on it', () => {
  vi.useFakeTimers()
  const steps: string[] = []
  const session: Pick<Http2Session, 'destroyed' | 'closed' | 'goaway' | 'close' | 'destroy'> = {
    destroyed: false,
    closed: false,
    goaway: () => void steps.push('told'),
    close: () => void steps.push('closed'),
    destroy: () => void steps.push('destroyed'),
  }
  goAway(session)
  expect(steps).toEqual(['told'])
  vi.advanceTimersByTime(1_000)
  expect(steps).toEqual(['told', 'closed'])
  vi.advanceTimersByTime(10_000)
  expect(steps).toEqual(['told', 'closed', 'destroyed'])
})
