#!/bin/bash
tmp=$(mktemp -d) || exit 9
trap 'rm -rf "$tmp"' EXIT
tar -xzf /tmp/logs.tgz -C "$tmp" || exit 1
cd "$tmp/logs"
rc=0
assert_file() { local file=$1 want; want=$(cat); if [ "$(cat "$file")" != "$want" ]; then echo "$file: $(cat "$file" | tr '\n' '|')" >&2; rc=1; fi; }
assert_file info.count <<< 6
assert_file errors.csv <<< 3,6
assert_file exit-codes <<< flaky=7
assert_file previous <<< start
assert_file report.txt <<EOF
report of shaker
 1. errors.csv
 2. exit-codes
 3. info.count
 4. per-container
 5. previous
 6. report.txt
EOF
grep -qx 'two 3' per-container || { cat per-container; rc=1; }
exit $rc
