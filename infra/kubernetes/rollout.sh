#!/bin/sh
# Rolls out an overlay: all but gateway, deliverer, NGINX and Flower first, and those when every worker is the new one. A worker of
# an older release drops for good a kind of task that it does not know, which a newer gateway might submit.
#   sh infra/kubernetes/rollout.sh infra/kubernetes/overlays/small
set -eu
overlay=${1:?say which overlay, as in: sh infra/kubernetes/rollout.sh infra/kubernetes/overlays/small}
# Longer than a worker may finish what it has begun.
patience=15m

namespace=$(kubectl kustomize "$overlay" | sed -n 's/^  namespace: //p' | sort -u)
kubectl apply -k "$overlay" -l rollout=first
for fleet in system estimate train; do
    kubectl rollout status -n "$namespace" "deployment/worker-$fleet" --timeout "$patience"
done
kubectl apply -k "$overlay" -l rollout=last
for name in gateway deliverer nginx flower; do
    kubectl rollout status -n "$namespace" "deployment/$name" --timeout "$patience"
done
