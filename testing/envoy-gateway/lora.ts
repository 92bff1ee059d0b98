import path from 'node:path'
import { documentsIn } from '../cluster/example.ts'
import { REPORTS } from '../reports.ts'
import { kserveRoutes } from './world.ts'

/** The folder of a report: LLMs with adapters, and an open model. */
export const LORA = path.join(REPORTS, 'lora')
/** The host of the open model. */
export const OPEN = 'sklearn-iris-demo.example.com'

/** Its services. */
export const loraObjects = () => documentsIn([path.join(LORA, 'services.yaml')])

/** The routes that KServe makes for them. */
export const loraRoutes = async () => kserveRoutes(await loraObjects())
