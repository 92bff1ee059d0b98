import { AGES } from './table/ages.ts'
import { API_SERVER } from './table/api-server.ts'
import { CONNECTIONS } from './table/connections.ts'
import { CREDENTIALS } from './table/credentials.ts'
import { FOLDER_ROWS } from './table/folder.ts'
import { HTTP2 } from './table/http2.ts'
import { INTROSPECTION } from './table/introspection.ts'
import { LIMITS } from './table/limits.ts'
import { OBJECTS } from './table/objects.ts'
import { OBSERVABILITY } from './table/observability.ts'
import { POLICIES } from './table/policies.ts'
import { PROVIDERS } from './table/providers.ts'
import { QUEUES } from './table/queues.ts'
import { REQUESTS } from './table/requests.ts'
import { ROUTES } from './table/routes.ts'
import { SERVICES } from './table/services.ts'
import { TURNS } from './table/turns.ts'

export const MUTATIONS = [
  ...AGES,
  ...API_SERVER,
  ...CONNECTIONS,
  ...CREDENTIALS,
  ...FOLDER_ROWS,
  ...HTTP2,
  ...INTROSPECTION,
  ...LIMITS,
  ...OBJECTS,
  ...OBSERVABILITY,
  ...POLICIES,
  ...PROVIDERS,
  ...REQUESTS,
  ...QUEUES,
  ...ROUTES,
  ...SERVICES,
  ...TURNS,
]
