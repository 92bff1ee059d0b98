import type { Row, Send } from '../scenario/data.ts'
import type { Setting } from './overlays.ts'

type PolicySetting = Setting & {
  /** Listeners of the example with this setting. */
  readonly at: readonly string[]
}

/** Settings of sidecars for the example of the predictor policy; the last one restores the original. */
export const SETTINGS: readonly PolicySetting[] = [
  { overlay: 'every-path', paths: 'NONE', at: ['raw pod'] },
  { overlay: 'every-path', paths: 'BASE', at: ['gateway', 'pod'] },
  { overlay: 'default', paths: 'MERGE_SLASHES', at: ['pod behind notPaths that merges slashes'] },
  { overlay: 'default', paths: 'BASE', at: ['gateway', 'pod behind notPaths'] },
]

/** Requests without a count of checks behave the same with either overlay. */
const placesOf = ({ overlay, paths, at }: PolicySetting, step: Send): string[] => {
  const alike = overlay === 'default' && paths === 'BASE' && step.expect.checks === undefined
  return step.at.filter((each) => at.includes(each) || (alike && each === 'pod'))
}

const sends = ({ steps }: Row): readonly Send[] => steps.filter((step) => 'send' in step)

/** The requests of these rows in a setting. */
export const rowsIn = (setting: PolicySetting, rows: readonly Row[]): readonly Row[] =>
  rows
    .map((row) => ({
      ...row,
      steps: row.steps.flatMap((step): Row['steps'] => {
        if (!('send' in step)) return [step]
        const at = placesOf(setting, step)
        return at.length === 0 ? [] : [{ ...step, at }]
      }),
    }))
    .filter((row) => sends(row).length > 0)

/** The requests that no setting sends. */
export const leftOut = (rows: readonly Row[]): readonly string[] =>
  rows.flatMap((row) =>
    sends(row).flatMap((step) =>
      step.at
        .filter((at) => !SETTINGS.some((setting) => placesOf(setting, step).includes(at)))
        .map((at) => `${row.name}: ${step.send} at ${at}`),
    ),
  )
