import { readFileSync } from 'node:fs'
import { status } from '@grpc/grpc-js'
import { describe, expect, it } from 'vitest'
import { DENY_REASONS } from '../src/access/decision.ts'
import { MAX_REQUEST_ID } from '../src/common/request-id.ts'
import { DENIALS } from '../src/envoy/denials.ts'
import { messageOf } from '../src/envoy/dialect.ts'
import { rowsUnder } from '../testing/markdown.ts'

const page = readFileSync(new URL('../docs/callers.md', import.meta.url), 'utf8')
const HEADER = ['reason', 'x-ext-auth-reason', 'what to do']

/** The text under a heading that begins so. */
const sectionOf = (start: number): string =>
  page.split(/^## /m).find((text) => text.startsWith(`${start}`)) ?? ''

describe('the page for callers', () => {
  it.each([401, 403, 500, 503] as const)(
    'has every reason of %i with its phrase and what to do',
    (httpStatus) => {
      const rows = rowsUnder(HEADER, sectionOf(httpStatus))
      const reasons = DENY_REASONS.filter((reason) => DENIALS[reason].httpStatus === httpStatus)
      expect(rows.map(([reason, phrase]) => [reason, phrase])).toEqual(
        reasons.map((reason) => [`\`${reason}\``, DENIALS[reason].phrase]),
      )
      expect(rows.filter(([, , advice = '']) => advice === '')).toEqual([])
      for (const reason of reasons) {
        const { code } = DENIALS[reason]
        expect(sectionOf(httpStatus)).toContain(`\`${status[code]}\` (${code})`)
      }
    },
  )

  it('shows the answer to a request without a credential', () => {
    const denial = DENIALS['missing-credential']
    expect(page).toContain(`x-ext-auth-reason: ${denial.phrase}\n`)
    expect(page).toContain(`\n${JSON.stringify({ error: messageOf('plain', denial) })}\n`)
  })

  it('says which request ids are repeated', () => {
    expect(page).toContain(`more than ${MAX_REQUEST_ID}\ncharacters`)
  })
})
