import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { loadAll } from 'js-yaml'
import { at, textAt } from '../../testing/json.ts'

const ISTIO = path.join(import.meta.dirname, '../../istio')

/** One document of one file. */
export type Manifest = {
  /** Relative to `istio/`. */
  readonly file: string
  readonly kind: string
  readonly object: unknown
}

/** Every YAML document of `istio/`. */
export function manifests(): readonly Manifest[] {
  return readdirSync(ISTIO, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.yaml'))
    .toSorted((one, other) => (one < other ? -1 : 1))
    .flatMap((file) =>
      documentsIn(file).map((object) => ({ file, kind: textAt(object, 'kind'), object })),
    )
}

const documentsIn = (file: string): unknown[] =>
  loadAll(readFileSync(path.join(ISTIO, file), 'utf8'))

export const isCustom = (object: unknown): boolean =>
  textAt(object, 'kind') === 'AuthorizationPolicy' && textAt(object, 'spec', 'action') === 'CUSTOM'

/** `meshConfig` in the file of that form. */
export const meshConfigs = (): Readonly<Record<string, unknown>> => ({
  'mesh-config.yaml': one('mesh-config/mesh-config.yaml'),
  'helm-values.yaml': at(one('mesh-config/helm-values.yaml'), 'meshConfig'),
  'istio-operator.yaml': at(one('mesh-config/istio-operator.yaml'), 'spec', 'meshConfig'),
  'istio.yaml': at(one('mesh-config/istio.yaml'), 'spec', 'values', 'meshConfig'),
})

function one(file: string): unknown {
  const [document, ...more] = documentsIn(file)
  if (document === undefined || more.length > 0)
    throw new Error(`${file} must contain one document`)
  return document
}
