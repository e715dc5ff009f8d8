#!/bin/bash
[[ "$(< /tmp/title.txt)" == *"Welcome to nginx!"* ]] || { echo title; exit 1; }
[ "$(cat /tmp/code.txt)" -eq 200 ] || { echo code; exit 1; }
ip=$(kubectl get node worker-1 -o jsonpath='{.status.addresses[?(@.type=="InternalIP")].address}')
curl --silent --fail --max-time 5 "http://$ip:30080" >/dev/null || { echo "node port: $?"; exit 1; }
eps=$(kubectl -n market get endpointslices -l kubernetes.io/service-name=front -o json | jq '[.items[].endpoints[] | select(.conditions.ready)] | length')
[ "$eps" == 2 ] || { echo "$eps endpoints"; exit 1; }
