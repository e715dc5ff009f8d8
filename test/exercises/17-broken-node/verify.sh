#!/bin/bash
test "$(kubectl get node worker-2 -o jsonpath='{.status.conditions[?(@.type=="Ready")].status}')" = True || exit 1
[[ -s /tmp/cause.txt ]] || exit 2
ssh worker-2 'sudo diff /root/config.yaml.orig /var/lib/kubelet/config.yaml && systemctl is-active --quiet kubelet' || exit 3
