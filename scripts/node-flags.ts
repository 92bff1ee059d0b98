import path from 'node:path'
import manifest from '../package.json' with { type: 'json' }

/** The Node flags of `npm start`; bench/README.md explains them. */
export const NODE_FLAGS: readonly string[] = manifest.scripts.start
  .split(' ')
  .filter((word) => word.startsWith('--'))

/** As in the image, but Node.js writes the compiled code here at the end of a run, and uses it in the next one. */
export const NODE_VARIABLES: Readonly<Record<string, string>> = {
  NODE_COMPILE_CACHE: path.join(import.meta.dirname, '../node_modules/.cache/compiled'),
  NODE_COMPILE_CACHE_PORTABLE: '1',
}
