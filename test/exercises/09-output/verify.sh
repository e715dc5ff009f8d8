#!/bin/bash
cd /tmp/opt/outputs 2>/dev/null || exit 1
score=0
(( $(wc -l < versions.tsv) == 6 )) && [[ $(cut -f2 versions.tsv | sort -u) == v1.32.* ]] && ((score++))
[ "$(head -1 names.txt)" = worker-3 ] && [ "$(tail -1 names.txt)" = cp-1 ] && ((score++))
diff <(awk '{$1=$1}1' deployments.txt) - <<EOF && ((score++))
DEPLOYMENT CONTAINER_IMAGE READY_REPLICAS NAMESPACE
lion nginx:1.27 3 zoo
tiger nginx:1.25 1 zoo
wolf nginx:1.26 2 zoo
EOF
grep -qE '^zoo +6$' count.txt && ((score++))
[[ $(< oldest.txt) == lion ]] && ((score++))
grep -qx 'Scheduled/Pod=6' events.txt && grep -qx 'Created/Pod=6' events.txt && ((score++))
cmp -s families.csv <(printf 'cat,4\ndog,2\n') && ((score++))
[ "$(cat cluster.txt)" == kubernetes ] && ((score++))
[ "$(cat namespaced.txt)" == configmaps+pods+secrets ] && ((score++))
[ -x command.sh ] && [ "$(./command.sh)" = 6 ] && ((score++))
echo "score: $score/10"
exit $((10 - score))
