// The examples of the help.

/** Shown below the commands. */
export const EXAMPLES = `
Examples:
  kserve-authz services --open                       which models are open?
  kserve-authz can ada team/iris                     may this user call it, and why?
  kserve-authz check -H @token.txt POST https://iris-team.example.com/v1/models/iris:predict
  kserve-authz lint manifests/                       what is wrong before it is applied?
  kserve-authz serve --manifests manifests/          answer the checks of an Envoy on this machine

Without --manifests a command looks at the cluster of KUBECONFIG. Exit codes: 0 yes or nothing found, 1 no or
something found, 2 not a valid command line or configuration, 3 the objects cannot be read.`
