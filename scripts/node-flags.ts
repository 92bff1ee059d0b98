import manifest from '../package.json' with { type: 'json' }

/** The Node flags of `npm start`; bench/README.md explains them. */
export const NODE_FLAGS: readonly string[] = manifest.scripts.start
  .split(' ')
  .filter((word) => word.startsWith('--'))
