/** The credentials of the callers in `test/fixtures/mesh/`. */
export const KEYS = {
  alice: 'test-key-of-alice-not-a-secret',
  otherService: 'test-key-of-another-service-not-a-secret',
  lastYear: 'test-key-of-last-year-not-a-secret',
  mallory: 'test-key-of-mallory-not-a-secret',
}

export const TOKENS = {
  reader: 'test-token-of-reader-not-a-secret',
  stranger: 'test-token-of-stranger-not-a-secret',
}
