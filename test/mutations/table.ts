import { CREDENTIALS } from './table/credentials.ts'
import { FOLDER_ROWS } from './table/folder.ts'
import { OBJECTS } from './table/objects.ts'
import { OTHERS } from './table/others.ts'
import { PROVIDERS } from './table/providers.ts'
import { REQUESTS } from './table/requests.ts'
import { REVIEW_ROWS } from './table/reviews.ts'
import { SERVICES } from './table/services.ts'

export const MUTATIONS = [
  ...REQUESTS,
  ...CREDENTIALS,
  ...SERVICES,
  ...OBJECTS,
  ...FOLDER_ROWS,
  ...REVIEW_ROWS,
  ...PROVIDERS,
  ...OTHERS,
]
