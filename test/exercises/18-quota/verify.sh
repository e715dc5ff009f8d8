#!/bin/bash
diff - <(tr -s ' ' < quota.txt) <<'EOF' || exit 1
limits.cpu 600m 2
limits.memory 384Mi 1Gi
pods 3 3
requests.cpu 300m 1
requests.memory 192Mi 512Mi
EOF
grep -q 'maximum cpu usage per Container is 1, but limit is 4' refused.txt || { cat refused.txt; exit 2; }
kubectl -n limited get events --field-selector reason=FailedCreate -o jsonpath='{.items[0].message}' | grep -q 'exceeded quota: compute, requested: .*pods=1.*used: .*pods=3.*limited: .*pods=3' || exit 3
