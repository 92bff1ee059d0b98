/** The number with this name in a child process's JSON. Throws if there is none. */
export function numberIn(json: string, name: string): number {
  const told: unknown = JSON.parse(json)
  const value =
    typeof told === 'object' && told !== null
      ? Object.getOwnPropertyDescriptor(told, name)?.value
      : undefined
  if (typeof value !== 'number') throw new Error(`no number "${name}" in ${json.slice(0, 200)}`)
  return value
}
