#!/bin/bash
out=$HOME/logs; mkdir -p "$out"
kubectl -n holy logs shaker -c one | grep -c INFO > "$out/info.count"
kubectl -n holy logs shaker -c one 2>&1 | sed -n 's/^ERROR code=\([0-9]*\).*/\1/p' | paste -sd, - > "$out/errors.csv"
kubectl -n holy logs shaker --all-containers --prefix | awk -F'[][]' '{split($2, p, "/"); n[p[4] ? p[4] : p[3]]++} END {for (c in n) printf "%s %d\n", c, n[c]}' | sort > "$out/per-container"
kubectl -n holy get pod shaker -o jsonpath='{range .status.containerStatuses[*]}{.name}={.lastState.terminated.exitCode}{"\n"}{end}' | grep -v '=$' > "$out/exit-codes"
kubectl -n holy logs shaker -c flaky --previous --tail=1 | cut -d' ' -f1 > "$out/previous"
{ echo "report of $(kubectl -n holy get pod shaker -o jsonpath='{.metadata.name}')"; printf '%s\n' "$out"/* | xargs -n1 basename | sort | nl -w2 -s'. '; } > "$out/report.txt"
tar -C "$HOME" -czf /tmp/logs.tgz logs
