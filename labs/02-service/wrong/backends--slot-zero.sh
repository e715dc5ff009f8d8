#!/bin/bash
# Slot 0 is the Service itself.
# fails: answer
# others: none
cilium() { kubectl --context cilium "$@"; }
cilium create deployment web --image=nginx --replicas=3
cilium expose deployment web --port=80 --target-port=80
cilium wait --for=condition=Available deployment/web --timeout=180s
sleep 2
answer backends 0.0.0.0:0
