#!/usr/bin/env bash
# helm.sh [ARGUMENT...]: runs the Helm whose version deploy/test/helm/go.mod names, built from its Go module on first
# use (about three minutes). Without arguments, prints the program's path.
. "$(dirname "${BASH_SOURCE[0]}")/tools.sh"

PROGRAM=$(helm_program)
# The configuration and plugins of the user's own Helm must not change the result.
export HELM_CONFIG_HOME=$TOOLS_CACHE/helm-config HELM_CACHE_HOME=$TOOLS_CACHE/helm-cache HELM_DATA_HOME=$TOOLS_CACHE/helm-data
if [ $# = 0 ]; then echo "$PROGRAM"; else exec "$PROGRAM" "$@"; fi
