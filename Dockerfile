# syntax=docker/dockerfile:1

# The Node.js version of package.json, which the tests use too. `node scripts/base-images.ts` checks both digests.
FROM node:24.21.0-trixie-slim@sha256:173f125896c3b47ddf056734c7ea789d04595a6a08769a8f78e0df642781fb66 AS build
WORKDIR /app
COPY package.json package-lock.json LICENSE NOTICE ./
RUN npm ci --omit=dev --ignore-scripts --prefer-offline --no-audit --no-fund
# These files are half of the installation and are not needed at run time.
RUN find node_modules -type f \( -name '*.d.ts' -o -name '*.d.?ts' -o -name '*.map' \) -delete
COPY src ./src
COPY proto ./proto
# Compiled code, which saves half of the CPU time of a start. Node.js uses it for the same user and the same flags only.
RUN mkdir -m 777 .compile-cache
USER 65532:65532
RUN NODE_COMPILE_CACHE=.compile-cache NODE_COMPILE_CACHE_PORTABLE=1 node $(node -p "require('./package.json').scripts.start.match(/--\\S+/g).join(' ')") --import ./src/cli/serve.ts --import ./src/app/cluster-source.ts --import ./src/app/folder-source.ts src/main.ts --version
USER 0:0
# Readable for every user, regardless of the umask of the build. Only root can write.
RUN chmod -R a+rX,go-w .

# Has the C++ library for Node.js and public CA certificates, but no shell and no package manager.
FROM gcr.io/distroless/cc-debian13:nonroot@sha256:54df941ed0d06a1bd95ef5e0ce391fd8d9f94b64782dc9a60062727849ee3f97
LABEL org.opencontainers.image.title="kserve-authz" \
      org.opencontainers.image.description="Envoy external authorization for KServe models" \
      org.opencontainers.image.version="0.2.0" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="gcr.io/distroless/cc-debian13:nonroot" \
      org.opencontainers.image.base.digest="sha256:54df941ed0d06a1bd95ef5e0ce391fd8d9f94b64782dc9a60062727849ee3f97"
WORKDIR /app
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=build /app /app
ENV NODE_COMPILE_CACHE=/app/.compile-cache NODE_COMPILE_CACHE_PORTABLE=1
USER 65532:65532
EXPOSE 9001 9002 9003
# The flags of `npm start`.
ENTRYPOINT ["/usr/local/bin/node", "--v8-pool-size=1", "--no-concurrent-array-buffer-sweeping", "--no-allocation-site-pretenuring", "--max-semi-space-size=16", "--heap-growing-percent=50", "--initial-old-space-size=80", "--invocation-count-for-turbofan=1000", "--max-old-space-size-percentage=65", "src/main.ts"]
CMD ["serve"]
