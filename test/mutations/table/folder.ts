import { mutations } from '../mutation.ts'

const INFINITE = 'Number.POSITIVE_INFINITY'
const FAULTS = 'manifests/folder-faults'
const LARGE = 'manifests/large-documents'

/** A limit that no test gives itself. */
const FOLDER = 'const limits = { ...FOLDER_LIMITS, ...options.limits }'
const unlimited = (name: string) => FOLDER.replace('...options', `${name}: ${INFINITE}, ...options`)

export const FOLDER_ROWS = mutations([
  [
    'length of a file',
    'manifests/changes.ts',
    'if (size > maxBytes) return { fault',
    'if (size < 0) return { fault',
    FAULTS,
  ],
  [
    'length of a file',
    'manifests/folder.ts',
    FOLDER,
    unlimited('maxBytes'),
    FAULTS,
    'manifests/folder',
    'manifests/source-faults',
  ],
  [
    'files',
    'manifests/scan.ts',
    'files.size < maxFiles ? undefined',
    'files.size >= 0 ? undefined',
    FAULTS,
  ],
  [
    'nesting depth of folders',
    'manifests/scan.ts',
    'depth > limits.maxDepth ? TOO_DEEP : ',
    '',
    FAULTS,
  ],
  [
    'nesting depth of folders',
    'manifests/folder.ts',
    FOLDER,
    unlimited('maxDepth'),
    FAULTS,
    'manifests/folder',
  ],
  [
    'document that is parsed on the main thread',
    'manifests/documents.ts',
    'if (document.text.length < LARGE) {',
    'if (document.text.length < Number.POSITIVE_INFINITY) {',
    LARGE,
  ],
  [
    'part of a document that this thread hands over at once',
    'common/pieces.ts',
    'if (own <= MAX_PIECE || !isContainer(value)) {',
    'if (own <= Number.POSITIVE_INFINITY || !isContainer(value)) {',
    LARGE,
    'common/pieces',
  ],
  [
    'part of a document that this thread hands over at once',
    'common/pieces.ts',
    'if (cost >= MAX_PIECE) yield* flush()',
    '',
    LARGE,
    'common/pieces',
  ],
  [
    'part of a document that this thread hands over at once',
    'common/answer-parser.ts',
    'cost < MAX_PIECE; ',
    'cost < Number.POSITIVE_INFINITY; ',
    LARGE,
  ],
  [
    'src/resources/policy-excess.ts withoutExcess',
    'manifests/yaml-worker.ts',
    'parsed.map(withoutExcess)',
    'parsed',
    LARGE,
  ],
  [
    'src/resources/policy-excess.ts KNOWN_FIELDS',
    'resources/policy-excess.ts',
    'KNOWN_FIELDS = 3',
    'KNOWN_FIELDS = Number.POSITIVE_INFINITY',
    'resources/policy-excess',
  ],
  [
    'heap of that thread',
    'common/parser-thread.ts',
    'resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MIB },',
    '',
    LARGE,
  ],
  [
    'time for which that thread stays without a document',
    'common/parser-thread.ts',
    'resting = setTimeout(end, THREAD_IDLE_MS).unref()',
    '',
    LARGE,
  ],
  [
    'time between two scans of the folder',
    'manifests/folder.ts',
    'Math.max(intervalMs, ',
    'Math.max(0, ',
    'manifests/folder',
  ],
  [
    'longest time between two scans',
    'manifests/folder.ts',
    'Math.min(MAX_REST_MS, REST * scanMs)',
    'REST * scanMs',
    'manifests/folder',
  ],
  [
    'src/manifests/folder.ts REST',
    'manifests/folder.ts',
    'Math.min(MAX_REST_MS, REST * scanMs)',
    '0',
    'manifests/folder',
  ],
  [
    'time for a file to settle',
    'manifests/write-stability.ts',
    ' || now - since >= settleMs',
    '',
    'manifests/scan',
  ],
  [
    'time for a file that keeps changing',
    'manifests/write-stability.ts',
    "now - from < patienceMs ? 'changing' : 'restless'",
    "'changing'",
    FAULTS,
  ],
  [
    'src/manifests/changes.ts HOLD',
    'manifests/changes.ts',
    'createHold(HOLD * limits.settleMs)',
    `createHold(${INFINITE})`,
    FAULTS,
  ],
  [
    'scans in a row while folders change',
    'manifests/scan.ts',
    'looks === MAX_SCANS || ',
    '',
    'manifests/scan',
  ],
  [
    'src/manifests/documents.ts structuredClone',
    'manifests/documents.ts',
    'structuredClone(read(object))',
    'read(object)',
    'manifests/memory-of-documents',
  ],
  [
    'RBAC verdicts of a folder kept',
    'manifests/rbac-authorizer.ts',
    'if (kept >= MAX_VERDICTS) forget()',
    '',
    'manifests/rbac-authorizer',
  ],
])
