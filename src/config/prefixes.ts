import type { Config } from './schema.ts'

type Provider = Config['jwt']['providers'][number]

/** Problems with providers that could issue the same user, or the same group: one prefix begins the other. */
export function prefixClashes(providers: readonly Provider[]): readonly string[] {
  return (['username', 'groups'] as const).flatMap((subject) =>
    providers.flatMap((provider, index) => {
      const prefix = provider.rbac?.[subject]?.prefix
      const other = providers
        .slice(0, index)
        .find(({ rbac }) => areAlike(prefix, rbac?.[subject]?.prefix))
      const place = `jwt.providers[${index}].rbac.${subject}.prefix`
      return other === undefined ? [] : [`${place}: ${expected(other.name)}`]
    }),
  )
}

const expected = (name: string): string =>
  `expected a prefix that does not overlap with that of "${name}": both could issue the same name`

const areAlike = (one: string | undefined, other: string | undefined): boolean =>
  one !== undefined && other !== undefined && (one.startsWith(other) || other.startsWith(one))
