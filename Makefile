# Thin over scripts/: each target is one script that can be read.

.PHONY: run test build release image setup lint clean cluster-up cluster-down test-kubernetes test-deploy

# Sets up all it needs, builds, starts; prints the address to open.
run: setup build
	@target/quick/jobwright serve $(ARGS)

# Sets up all it needs, then runs every test but the long suite against a real cluster.
test:
	@scripts/setup.sh test
	@scripts/test.sh

# A real Kubernetes of one node on loopback (as root, on Debian), built the first time; and its end. The oldest that
# the console works with (1.20), or the newest (1.37). Both can run at once.
VERSION ?= oldest

cluster-up:
	@scripts/cluster/up.sh $(VERSION)

cluster-down:
	@scripts/cluster/down.sh $(VERSION)

# The long suite against real clusters: all of them, or the one of KUBERNETES.
test-kubernetes:
	@scripts/setup.sh test
	@scripts/test-kubernetes.sh $(KUBERNETES)

build:
	@scripts/build.sh quick

# What is installed and measured: small bundles, an optimized server.
release: setup
	@scripts/build.sh release

# A container image of the release, linked statically and without the playground.
image: release
	@deploy/image/binary.sh
	@deploy/image/build.sh

# The chart and the plain manifests (docs/deploy.md); `make cluster-up VERSION=newest` first to ask an API server, too.
test-deploy:
	@deploy/test/chart.sh

setup:
	@scripts/setup.sh run

lint:
	@scripts/lint.sh

clean:
	@rm -rf target
