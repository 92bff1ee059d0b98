import type { Edit } from './overlay.ts'

/** The environment variable with the address on which Envoy Gateway and its Envoy listen. */
const ADDRESS = 'os.Getenv("ENVOY_GATEWAY_ADDRESS")'
const IMPORT: Edit['replace'] = [['import (\n', 'import (\n\t"os"\n']]

/**
 * Envoy Gateway listens on every address of a machine, at fixed ports, and no setting changes that. With these edits
 * it listens on one address, such as a loopback address.
 */
export const LISTEN_AT_ADDRESS: readonly Edit[] = [
  {
    file: 'internal/utils/net/ip.go',
    replace: [
      ['package net\n', 'package net\n\nimport "os"\n'],
      ['\tIPv4ListenerAddress = "0.0.0.0"\n', ''],
      ['\nconst (', `\nvar IPv4ListenerAddress = ${ADDRESS}\n\nconst (`],
    ],
  },
  {
    file: 'internal/xds/runner/runner.go',
    replace: [...IMPORT, ['net.JoinHostPort(XdsServerAddress,', `net.JoinHostPort(${ADDRESS},`]],
  },
  {
    file: 'internal/infrastructure/host/proxy_infra.go',
    replace: [...IMPORT, ['new("0.0.0.0")', `new(${ADDRESS})`]],
  },
  {
    file: 'internal/wasm/httpserver.go',
    replace: [
      ...IMPORT,
      [
        'Addr:              fmt.Sprintf(":%d", serverPort)',
        `Addr: fmt.Sprintf("%s:%d", ${ADDRESS}, serverPort)`,
      ],
    ],
  },
  {
    file: 'internal/provider/file/file.go',
    replace: [['Addr:              ":8081"', `Addr: ${ADDRESS} + ":8081"`]],
  },
  {
    file: 'internal/provider/kubernetes/kubernetes.go',
    replace: [
      ...IMPORT,
      ['healthProbeBindAddress = ":8081"', `healthProbeBindAddress = ${ADDRESS} + ":8081"`],
    ],
  },
]

/**
 * The webhooks of KServe's controllers have no flag for their address. This edit makes them listen on the loopback
 * address.
 */
export const WEBHOOKS_AT_LOOPBACK: readonly Edit[] = [
  {
    file: 'pkg/webhook/server.go',
    replace: [['\tif o.Port <= 0 {', '\to.Host = "127.0.0.1"\n\tif o.Port <= 0 {']],
  },
]
