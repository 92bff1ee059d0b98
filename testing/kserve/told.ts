import { entriesAt } from '../json.ts'
import { idOf, type Snapshot } from './snapshot.ts'

const CONFIGURATION = 'ConfigMap kserve/inferenceservice-config'

/**
 * The objects of a cluster that the service reads for the check of a gateway; services that are not `written`
 * without their status.
 */
export const objectsOf = (
  snapshot: Snapshot,
  written: (id: string) => boolean = () => true,
): readonly unknown[] => [
  ...[
    ...snapshot.inferenceServices,
    ...snapshot.inferenceGraphs,
    ...snapshot.llmInferenceServices,
  ].map((service) => (written(idOf(service)) ? service : withoutStatus(service))),
  ...snapshot.llmConfigs,
  ...snapshot.configMaps.filter((each) => idOf(each) === CONFIGURATION),
]

const withoutStatus = (service: unknown): unknown =>
  Object.fromEntries(entriesAt(service).filter(([field]) => field !== 'status'))
