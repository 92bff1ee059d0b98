// The deployment mode of a service: Knative or Standard.

import { type KubernetesObject, textAt } from './object.ts'
import type { ReadSettings } from './read-settings.ts'

const MODE = 'serving.kserve.io/deploymentMode'
/** The label in Standard mode; Knative's is in networking.knative.dev. */
const STANDARD_VISIBILITY = 'networking.kserve.io/visibility'
const KNATIVE: ReadonlySet<string> = new Set(['Knative', 'Serverless'])

type Object = Pick<KubernetesObject, 'content' | 'labels' | 'annotations'>
type Settings = Pick<ReadSettings, 'defaultDeploymentMode'>

/** The deployment mode of a service, in KServe's order: status, annotation, ConfigMap; `undefined`: not set. */
function modeOf({ content, annotations }: Object, settings: Settings): string | undefined {
  return (
    (textAt(content, 'status', 'deploymentMode') || annotations.get(MODE)) ??
    settings.defaultDeploymentMode
  )
}

const STOP = 'serving.kserve.io/stop'

/** Whether an annotation stops the service. A stopped service has no routes. */
export const isStopped = ({ annotations }: Pick<KubernetesObject, 'annotations'>): boolean =>
  annotations.get(STOP)?.trim().toLowerCase() === 'true'

/** Whether Knative runs the service. */
export const isKnative = (object: Object, settings: Settings): boolean =>
  KNATIVE.has(modeOf(object, settings) ?? '')

/** Whether ModelMesh serves it, from pods that all models of the namespace share. */
export const isModelMesh = (object: Object, settings: Settings): boolean =>
  modeOf(object, settings) === 'ModelMesh'

const STANDARD: ReadonlySet<string> = new Set(['Standard', 'RawDeployment'])

/** Whether KServe itself runs and routes the service. */
export const isStandard = (object: Object, settings: Settings): boolean =>
  STANDARD.has(modeOf(object, settings) ?? '')

/** Whether gateways route the service's cluster names, as Knative does. Without a mode, KServe's default is Knative. */
export function answersAtClusterNames(object: Object, settings: Settings): boolean {
  const mode = modeOf(object, settings)
  return mode === undefined ? !object.labels.has(STANDARD_VISIBILITY) : KNATIVE.has(mode)
}
