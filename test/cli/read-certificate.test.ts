import { afterAll, beforeAll, expect, it } from 'vitest'
import { readCertificate } from '../../src/cli/read-certificate.ts'
import { createAuthorities } from '../../testing/authorities.ts'

let authorities: Awaited<ReturnType<typeof createAuthorities>>
beforeAll(async () => {
  authorities = await createAuthorities()
})
afterAll(() => authorities.remove())

const DAY_MS = 24 * 60 * 60 * 1_000

it('reads the validity of the first certificate', async () => {
  const { cert, ca } = await authorities.create('ours')
  const read = readCertificate(cert + ca)
  expect((read?.until.getTime() ?? 0) - (read?.from.getTime() ?? 0)).toBe(2 * DAY_MS)
})

it.each(['', 'text', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'])(
  'takes no other text: %j',
  (text) => {
    expect(readCertificate(text)).toBeUndefined()
  },
)

it('takes no key', async () => {
  const { key } = await authorities.create('ours')
  expect(readCertificate(key)).toBeUndefined()
})
