import { createDirectory } from '../../src/access/directory.ts'
import { readSettingsOf } from '../../src/app/reading-settings.ts'
import { readConfig } from '../../src/config/read-config.ts'
import { openManifests } from '../../src/manifests/source.ts'
import type { Question } from './data.ts'

const GROUP = 'serving.kserve.io'

/** The answer of `kubectl auth can-i get <resource>/<name> --as=<ServiceAccount>` for a folder of manifests. */
export async function canI(folder: string, namespace: string, { can }: Question): Promise<boolean> {
  const config = readConfig({ env: {}, flags: { manifests: folder } })
  const manifests = await openManifests({
    folder,
    directory: createDirectory(),
    settings: readSettingsOf(config),
    report: () => {},
  })
  const [resource = '', name = ''] = can.get.split('/')
  const groups = groupsOf(can.as)
  const answer = manifests.allows(
    { name: can.as, groups },
    { verb: 'get', group: GROUP, resource, namespace, name },
  )
  await manifests.close()
  return answer
}

/** The groups that the API server gives to a caller that impersonates the ServiceAccount. */
export function groupsOf(user: string): readonly string[] {
  const [, , namespace = ''] = user.split(':')
  return ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated']
}
