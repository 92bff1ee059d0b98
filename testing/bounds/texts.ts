/** Bounds by the name of their row, as the page of operations writes them. */
export type Bounds = Readonly<Record<string, string>>

export const MIB = 2 ** 20

export const count = (value = Number.NaN) => value.toLocaleString('en')
export const seconds = (milliseconds: number) => `${milliseconds / 1_000} s`
export const bytes = (value: number) =>
  value >= MIB ? `${count(value / MIB)} MiB` : `${value / 2 ** 10} KiB`
