// Finds the ConfigMap or Secret that a container sees as a file.

import { listAt, textAt } from './object.ts'

/** The field with the name of the object, by the field of the volume. */
const NAME_FIELDS = { configMap: 'name', secret: 'secretName' } as const

/** The name of the object and the key of its data; `undefined`: no volume of this type holds the file. */
export function mountedFile(
  file: string,
  { container, pod, type }: { container: unknown; pod: unknown; type: keyof typeof NAME_FIELDS },
): { readonly name: string; readonly key: string } | undefined {
  const mount = listAt(container, 'volumeMounts').find((each) =>
    file.startsWith(`${textAt(each, 'mountPath') ?? '?'}/`),
  )
  const volume = listAt(pod, 'volumes').find(
    (each) => textAt(each, 'name') === textAt(mount, 'name'),
  )
  const name = textAt(volume, type, NAME_FIELDS[type])
  if (mount === undefined || name === undefined) return undefined
  const within = file.slice((textAt(mount, 'mountPath') ?? '').length + 1)
  const item = listAt(volume, type, 'items').find((each) => textAt(each, 'path') === within)
  return { name, key: textAt(item, 'key') ?? within }
}
