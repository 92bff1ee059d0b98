import manifest from '../package.json' with { type: 'json' }

/** What `npm start` gives Node; bench/README.md says why. */
export const NODE_FLAGS: readonly string[] = manifest.scripts.start
  .split(' ')
  .filter((word) => word.startsWith('--'))
