// Which URLs are safe to fetch keys from.

/** Whether a URL is https, or http on loopback. Keys fetched over a plain connection prove nothing. */
export function isSecureUrl(text: string): boolean {
  const url = URL.parse(text)
  return isHttpUrl(text) && url !== null && (url.protocol === 'https:' || isLoopback(url))
}

/** Whether a URL is http or https, without a user or a fragment. */
export function isHttpUrl(text: string): boolean {
  const url = URL.parse(text)
  if (url === null || url.username !== '' || url.password !== '' || url.hash !== '') return false
  return url.protocol === 'https:' || url.protocol === 'http:'
}

export const isLoopback = ({ hostname }: Pick<URL, 'hostname'>): boolean =>
  ['127.0.0.1', '[::1]', 'localhost'].includes(hostname)
