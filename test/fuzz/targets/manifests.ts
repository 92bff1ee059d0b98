import { readDocuments } from '../../../src/manifests/documents.ts'
import { type ResourceReading, readResource } from '../../../src/resources/resource.ts'
import { SETTINGS } from '../../../testing/objects.ts'
import { isSame } from '../same.ts'
import { must, quotesMarker, type Target } from '../target.ts'

const readReading = (object: unknown): ResourceReading => readResource(object, SETTINGS)

/** A file in a folder of manifests. */
export const manifest: Target = {
  name: 'manifest',
  form: 'bytes',
  words: [
    '\n',
    '---\n',
    '...',
    '%YAML 1.2',
    '  ',
    '- ',
    ': ',
    '? ',
    '&a ',
    '*a',
    '<<: ',
    '!!str ',
    '!x ',
    '|\n',
    '>-\n',
    '"',
    "'",
    '{',
    '}',
    '[',
    ']',
    ',',
    '#',
    '\t',
    '\r',
    '\ufeff',
    'apiVersion: v1',
    'kind: Secret',
    'kind: List',
    'items:',
    'metadata:',
    'name:',
    'namespace:',
    'labels:',
    'stringData:',
    '__proto__:',
    'constructor:',
    '.inf',
    '0x',
    '1e999',
  ],
  run: async (input) => {
    const reading = await readDocuments(input, readReading)
    const again = await readDocuments(input, readReading, documentsOf(reading))
    must(isSame(again, reading), 'is read differently the second time')
    if (reading.kind === 'read') {
      const all = [...reading.documents.values()].flat()
      must(
        reading.objects.every((each) => all.includes(each)),
        'has objects outside its documents',
      )
      return
    }
    const { reason, line = 1, column = 1 } = reading.fault
    must(!quotesMarker(reason), 'quotes the file')
    must(/^[\x20-\x7e]{1,200}$/.test(reason), 'is unreadable without a reason')
    must(line >= 1 && column >= 1, 'is unreadable without a place')
    must(
      line <= input.toString().split(/\r\n|\r|\n/).length,
      'is unreadable at a place after its end',
    )
  },
}

const documentsOf = (reading: Awaited<ReturnType<typeof readDocuments<ResourceReading>>>) =>
  reading.kind === 'read' ? reading.documents : new Map<string, readonly ResourceReading[]>()
