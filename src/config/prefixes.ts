// Detects identity providers with overlapping prefixes.

import type { Config } from './schema.ts'

type Provider = Config['jwt']['providers'][number]

/** Providers whose prefixes overlap, so that both could issue the same user or group. */
export function prefixClashes(providers: readonly Provider[]): readonly string[] {
  return (['username', 'groups'] as const).flatMap((subject) =>
    providers.flatMap((provider, index) => {
      const prefix = provider.rbac?.[subject]?.prefix
      const other = providers
        .slice(0, index)
        .find(
          (each) =>
            !areOne(provider, each, subject) && areAlike(prefix, each.rbac?.[subject]?.prefix),
        )
      const place = `jwt.providers[${index}].rbac.${subject}.prefix`
      return other === undefined ? [] : [`${place}: ${expected(other.name)}`]
    }),
  )
}

/** Whether both use the same claim of the same issuer: then equal names are the same user or group. */
const areOne = (one: Provider, other: Provider, subject: 'username' | 'groups'): boolean =>
  one.issuer === other.issuer &&
  one.rbac?.[subject]?.claim === other.rbac?.[subject]?.claim &&
  one.rbac?.[subject]?.prefix === other.rbac?.[subject]?.prefix

const expected = (name: string): string =>
  `expected a prefix that does not overlap with that of "${name}": both could issue the same name`

const areAlike = (one: string | undefined, other: string | undefined): boolean =>
  one !== undefined && other !== undefined && (one.startsWith(other) || other.startsWith(one))
