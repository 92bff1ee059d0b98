// The worker thread that parses large documents.

import { answerWith } from '../common/answer-parser.ts'
import { textAt, valueAt } from '../resources/object.ts'
import { withoutExcess } from '../resources/policy-excess.ts'
import { parseDocument } from './yaml.ts'

answerWith((document) => {
  const place = (name: string) => Number(valueAt(document, name))
  const text = textAt(document, 'text') ?? ''
  const parsed = parseDocument({ text, line: place('line'), column: place('column') })
  return 'reason' in parsed ? { fault: parsed } : { values: parsed.map(withoutExcess) }
})
