SHELL := /bin/bash
path_without_packages := $(PATH)
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
.DEFAULT_GOAL := help
.PHONY: help run test kserve-versions check fix fuzz mutations bench profile micro measure soak endurance clean

# All tools, including Node.js, are npm packages. This file is written last and inside the folder,
# so an interrupted installation is repeated.
installed := node_modules/.installed

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: $(installed) ## run the service and Envoy on this machine, without a cluster (GATEWAY=envoy-gateway: Envoy Gateway's)
	@GATEWAY=$(GATEWAY) node scripts/run.ts

test: export ALL_CASES := 1
test: check ## run all tests, including those against real programs
	@node scripts/envoy.ts
	@node scripts/kubernetes.ts
	@node scripts/kubectl.ts
	@node scripts/istio.ts
	@node scripts/kserve.ts
	@node scripts/kustomize.ts
	@node scripts/helm.ts
	@node scripts/prometheus.ts
	@node scripts/envoy-gateway.ts
	@node scripts/h2spec.ts
	@node scripts/issuers.ts
	@npm run --silent test:e2e

kserve-versions: $(installed) ## run the suite of routes with the controllers of an older KServe (KSERVE_VERSION)
	@node scripts/kubernetes.ts
	@KSERVE_VERSION=$(or $(KSERVE_VERSION),0.19.0) node scripts/kserve.ts
	@KSERVE_VERSION=$(or $(KSERVE_VERSION),0.19.0) vitest run --project e2e test/e2e/kserve-routes.test.ts

check: $(installed) ## check types, lint and dead code, and run the unit tests
	@npm test --silent

fix: $(installed) ## format, and apply the linter's fixes
	@npm run --silent fix

fuzz: $(installed) ## fuzz for MINUTES (60); findings are written to test/fixtures/fuzz/
	@node --expose-gc test/fuzz/run.ts --minutes $(or $(MINUTES),60)

mutations: $(installed) ## remove each bound of the code in turn, and show that a test fails (20 minutes)
	@node test/mutations/run.ts $(ONLY)

bench: $(installed) ## compare the service with a server that gives one constant answer (20 minutes)
	@node bench/bench.ts $(ONLY)

profile: $(installed) ## show where the service spends its time under load
	@node bench/profile.ts $(ONLY)

micro: $(installed) ## time the parts of a check
	@node bench/micro.ts $(ONLY)

measure: $(installed) ## measure tenants, hostile clients, a large cluster and 130,000 unusual requests (40 minutes)
	@node scripts/kubernetes.ts
	@node scripts/envoy.ts
	@node --expose-gc --max-semi-space-size=16 bench/latency/measure.ts $(ONLY); first=$$?; \
	node bench/latency/tokens.ts $(ONLY); second=$$?; \
	node bench/latency/hostile.ts $(ONLY); third=$$?; \
	node bench/latency/overload.ts $(ONLY); fourth=$$?; \
	node bench/latency/routes.ts $(ONLY) && exit $$((first + second + third + fourth))

soak: $(installed) ## send requests through Envoy for 30 minutes (MINUTES, RATE) during changes, restarts and rotations
	@node scripts/envoy.ts
	@node bench/latency/soak.ts --minutes $(or $(MINUTES),30) --rate $(or $(RATE),0)

endurance: $(installed) ## answer ten million checks (CHECKS) without Envoy, on the same connections
	@node bench/latency/endurance.ts --checks $(or $(CHECKS),10000000)

clean: ## remove the installed packages
	@rm -rf node_modules

$(installed): export PATH := $(path_without_packages)
$(installed): package-lock.json
	@echo 'installing packages (about a minute the first time)'
	@npm ci --no-audit --no-fund --loglevel=error
	@test -x node_modules/.bin/node || npm rebuild node --ignore-scripts=false --loglevel=error
	@touch $@
