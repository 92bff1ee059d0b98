/** Set by `make test`. `npm test` would take twice as long with all cases of the properties. */
const hasAll = process.env.ALL_CASES !== undefined

/** How many cases a property has: `all` of them in `make test`, a tenth in `npm test`. */
export const casesOf = (all: number): number => (hasAll ? all : Math.ceil(all / 10))

/** How many of the cases must be of a kind: fewer than a tenth of what all cases have, because that varies. */
export const someOf = (all: number): number => (hasAll ? all : Math.floor(all / 20))
