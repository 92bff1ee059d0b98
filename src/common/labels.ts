// Matches labels of Kubernetes objects.

/** Whether there is each wanted label, with its value. */
export function hasAllLabels(
  labels: ReadonlyMap<string, string | undefined>,
  wanted: Iterable<readonly [label: string, value: string | undefined]>,
): boolean {
  for (const [label, value] of wanted) if (labels.get(label) !== value) return false
  return true
}
