import { mutations } from '../mutation.ts'

const HTTP = 'observability/http'
const unlimited = (name: string) => `createServer({ ...HTTP_LIMITS, ${name}: 0 },`

export const OBSERVABILITY = mutations([
  [
    'time to decide about a reader of `/metrics`',
    'app/metrics-readers.ts',
    'setTimeout(resolve, READERS_MS,',
    'setTimeout(resolve, 2 ** 31 - 1,',
    'app/metrics-readers',
  ],
  [
    'renderings of `/metrics`',
    'observability/http.ts',
    'atMostEach(SCRAPE_MS,',
    'atMostEach(0,',
    'observability/http-limits',
  ],
  [
    'renderings of `/metrics`',
    'observability/at-most-each.ts',
    'Math.min(longestMs, REST * (now() - begunAt))',
    'REST * (now() - begunAt)',
    'observability/at-most-each',
  ],
  [
    'src/observability/at-most-each.ts REST',
    'observability/at-most-each.ts',
    'Math.min(longestMs, REST * (now() - begunAt))',
    '0',
    'observability/at-most-each',
  ],
  [
    'silence on the HTTP port',
    'observability/http.ts',
    'server.timeout = SILENCE_MS',
    '',
    'observability/http-limits',
  ],
  [
    'time for the headers of a request on the HTTP port',
    'observability/http.ts',
    'createServer(HTTP_LIMITS,',
    unlimited('headersTimeout'),
    'observability/http-limits',
  ],
  [
    'time for a request on the HTTP port',
    'observability/http.ts',
    'createServer(HTTP_LIMITS,',
    unlimited('requestTimeout'),
    'observability/http-limits',
  ],
  [
    'length of the headers of a request on the HTTP port',
    'observability/http.ts',
    'createServer(HTTP_LIMITS,',
    unlimited('maxHeaderSize').replace(': 0', ': 2 ** 24'),
    HTTP,
  ],
  [
    'src/observability/http.ts CLOSE_MS',
    'observability/http.ts',
    'setTimeout(() => server.closeAllConnections(), CLOSE_MS)',
    'setTimeout(() => server.closeAllConnections(), 2 ** 30)',
    HTTP,
  ],
  [
    'decision log that waits for its reader',
    'observability/line-writer.ts',
    ' || stream.writableLength + batch.length + line.length > MAX_LINES_WAITING',
    '',
    'observability/decision-log',
  ],
  [
    'src/observability/line-writer.ts CLOSE_MS',
    'observability/line-writer.ts',
    'setTimeout(resolve, CLOSE_MS)',
    'setTimeout(resolve, 2 ** 30)',
    'observability/decision-log',
  ],
  [
    'src/observability/line-writer.ts FLUSH_MS',
    'observability/line-writer.ts',
    'setInterval(flush, FLUSH_MS)',
    'setInterval(flush, 2 ** 30)',
    'observability/decision-log',
  ],
  [
    'src/observability/line-writer.ts RETRY_MS',
    'observability/line-writer.ts',
    'if (performance.now() - brokenAt < RETRY_MS) return false',
    '',
    'observability/decision-log',
  ],
  [
    'src/observability/decision-log.ts BATCH_BYTES',
    'observability/line-writer.ts',
    'if (batch.length >= batchBytes) flush()',
    '',
    'observability/decision-log',
  ],
  [
    'src/cli/troubles.ts KEPT',
    'cli/troubles.ts',
    'if (messages.size > KEPT && oldest',
    'if (messages.size < 0 && oldest',
    'cli/troubles',
  ],
  [
    'src/cli/look.ts TOLD',
    'cli/look.ts',
    'if (seen.size >= TOLD) seen.clear()',
    '',
    'cli/troubles',
  ],
])
