import { startIssuer } from '../examples/identity-providers/issuer.ts'

const USUAL_PORT = 5556

/** Starts the quickstart's identity provider; `env` configures the service to accept its tokens. */
export async function startQuickstartIssuer(usualPort: boolean) {
  const { url, tokenOf, close } = await startIssuer({ port: usualPort ? USUAL_PORT : 0 }).catch(
    () => startIssuer(),
  )
  const provider = {
    name: 'local',
    issuer: url,
    audiences: ['kubeflow'],
    rbac: {
      username: { claim: 'email', prefix: 'local:' },
      groups: { claim: 'groups', prefix: 'local:' },
    },
  }
  return { url, tokenOf, close, env: { KSERVE_AUTHZ_JWT_PROVIDERS: JSON.stringify([provider]) } }
}
