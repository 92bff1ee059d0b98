// The worker thread that parses large events of watches.

import { answerWith } from '../../common/answer-parser.ts'
import { isRecord, parseJson } from '../../common/json.ts'
import { withoutExcess } from '../../resources/policy-excess.ts'

answerWith((line) => {
  const parsed = parseJson(String(line))
  if (parsed === undefined) return { fault: 'not JSON' }
  const event = parsed.value
  return { values: [isRecord(event) ? { ...event, object: withoutExcess(event.object) } : event] }
})
