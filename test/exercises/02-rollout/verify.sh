#!/bin/bash
set -u
fail() { echo "FAIL: $*"; exit 1; }

image=$(kubectl get deploy web -n neptune -o jsonpath='{.spec.template.spec.containers[0].image}')
[[ $image == nginx:1.26 ]] || fail "image is $image"
ready=$(kubectl get deploy web -n neptune -o jsonpath='{.status.readyReplicas}')
(( ${ready:-0} == 6 )) || fail "ready: ${ready:-none}"
mapfile -t images < <(kubectl get pods -n neptune -l app=web -o jsonpath='{range .items[*]}{.spec.containers[*].image}{"\n"}{end}' | sort -u)
(( ${#images[@]} == 1 )) || fail "${#images[@]} images run: ${images[*]}"
[ -s /tmp/replicasets.txt ] || fail "no list of replica sets"
[ "$(tail -n +2 /tmp/replicasets.txt | wc -l)" -eq 4 ] || fail "$(cat /tmp/replicasets.txt)"
awk 'NR > 1 && $2 > 0 { n++; image = $3 } END { exit !(n == 1 && image == "nginx:1.26") }' /tmp/replicasets.txt || fail "which one has Pods?"
echo OK
