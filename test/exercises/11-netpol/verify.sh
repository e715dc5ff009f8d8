#!/bin/bash
set -e
json=$(kubectl get netpol np -n space1 -o json)
jq -e '.spec.policyTypes == ["Egress"]' <<< "$json" > /dev/null
jq -e '[.spec.egress[].ports // [] | .[].port] | unique == [53]' <<< "$json" > /dev/null
jq -r '.spec.egress[].to[]?.namespaceSelector.matchLabels["kubernetes.io/metadata.name"]' <<<"$json" | grep -qx space2
kubectl describe netpol np -n space2 | grep -A2 'From:' | grep -q 'NamespaceSelector: kubernetes.io/metadata.name=space1'
