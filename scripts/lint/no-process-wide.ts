/** The subset of the syntax tree that this rule reads. */
type Node = {
  readonly type: string
  readonly name?: string
  readonly operator?: string
  readonly left?: Node
  readonly argument?: Node
  readonly object?: Node
  readonly property?: Node
  readonly expression?: Node
  readonly callee?: Node
  readonly arguments?: readonly Node[]
}

type Scope = {
  readonly upper: Scope | null
  readonly set: ReadonlyMap<string, { readonly defs: readonly { readonly type: string }[] }>
}

type Context = {
  readonly sourceCode: { readonly getScope: (node: Node) => Scope }
  readonly report: (finding: { readonly node: Node; readonly message: string }) => void
}

const MESSAGE =
  'Set this for one object only: a property of a module or of a global is a setting of the whole process.'

/** These functions change their first argument. */
const CHANGING = [
  'Object.assign',
  'Object.defineProperty',
  'Object.defineProperties',
  'Object.setPrototypeOf',
  'Reflect.set',
  'Reflect.defineProperty',
  'Reflect.deleteProperty',
]

const SETTERS = /^set(?:Default|Global)/

/** A rule that forbids changes of process-wide state: properties of modules and of globals. */
const noProcessWide = {
  create: (context: Context) => {
    const refuse = (node: Node, changed: Node | undefined, target?: Node) => {
      if (nameOf(target) === 'process.exitCode') return
      if (changed !== undefined && isShared(changed, context.sourceCode.getScope(node)))
        context.report({ node, message: MESSAGE })
    }
    return {
      AssignmentExpression: (node: Node) => refuse(node, objectOf(node.left), node.left),
      UpdateExpression: (node: Node) => refuse(node, objectOf(node.argument)),
      UnaryExpression: (node: Node) => {
        if (node.operator === 'delete') refuse(node, objectOf(node.argument))
      },
      CallExpression: (node: Node) => {
        const { callee, arguments: [first] = [] } = node
        if (CHANGING.includes(nameOf(callee))) refuse(node, first)
        const name = nameOf(callee).split('.').at(-1) ?? ''
        if (SETTERS.test(name)) refuse(node, objectOf(callee) ?? callee)
      },
    }
  },
}

/** The owner of this property; `undefined` if it is not a property. */
function objectOf(node: Node | undefined): Node | undefined {
  const bare = bareOf(node)
  return bare?.type === 'MemberExpression' ? bare.object : undefined
}

/** Without parentheses, types and `?.`. */
function bareOf(node: Node | undefined): Node | undefined {
  return node?.expression === undefined ? node : bareOf(node.expression)
}

function isShared(node: Node, scope: Scope): boolean {
  const bare = bareOf(node)
  if (bare?.type === 'MemberExpression' && bare.object !== undefined)
    return isShared(bare.object, scope)
  if (bare?.type !== 'Identifier' || bare.name === undefined) return false
  const definitions = definitionsOf(bare.name, scope)
  return definitions.length === 0 || definitions.some(({ type }) => type === 'ImportBinding')
}

/** Empty for a global. */
function definitionsOf(name: string, scope: Scope): readonly { readonly type: string }[] {
  const defs = scope.set.get(name)?.defs ?? []
  return defs.length > 0 || scope.upper === null ? defs : definitionsOf(name, scope.upper)
}

function nameOf(node: Node | undefined): string {
  const bare = bareOf(node)
  if (bare?.type !== 'MemberExpression') return bare?.name ?? ''
  return `${nameOf(bare.object)}.${bare.property?.name ?? ''}`
}

const plugin = { meta: { name: 'kserve-authz' }, rules: { 'no-process-wide': noProcessWide } }

// biome-ignore lint/style/noDefaultExport: the linter reads the default export.
export default plugin
