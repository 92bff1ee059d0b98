# syntax=docker/dockerfile:1

# The Node.js of package.json, with which the tests run.
FROM node:24.21.0-trixie-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --prefer-offline --no-audit --no-fund
# What nobody reads at run time is half of what is installed.
RUN find node_modules -type f \( -name '*.d.ts' -o -name '*.d.?ts' -o -name '*.map' \) -delete
COPY src ./src
COPY proto ./proto
# Whatever the umask was under which they came here.
RUN chmod -R a+rX .

# The C++ library for Node.js, and the certificates of public authorities; no shell, no package manager.
FROM gcr.io/distroless/cc-debian13:nonroot
WORKDIR /app
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=build /app /app
USER 65532:65532
EXPOSE 9001 9002 9003
# The flags of `npm start`.
ENTRYPOINT ["/usr/local/bin/node", "--no-allocation-site-pretenuring", "--max-semi-space-size=16", "--heap-growing-percent=100", "src/main.ts"]
CMD ["serve"]
