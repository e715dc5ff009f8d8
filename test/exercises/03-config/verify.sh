#!/bin/bash
set -o pipefail
errors=()
check() { "$@" >/dev/null 2>&1 || errors+=("$*"); }

check kubectl -n sun get cm app
check kubectl -n sun get secret db note
test "$(kubectl -n sun get secret note -o jsonpath='{.data.text}' | base64 -d)" = 'plain text, no newline' || errors+=("note")
[[ $(kubectl -n sun get cm colors -o jsonpath='{.data.APP_COLOR}') == "BLUE" ]] || errors+=("colors: $(kubectl -n sun get cm colors -o jsonpath='{.data}')")

logs=$(kubectl -n sun logs reader)
while IFS= read -r line; do
  grep -qxF -- "$line" <<<"$logs" || errors+=("log line missing: $line")
done <<'EOF'
mode=production user=admin
3
s3cr3t!
app.properties
mode
EOF

[[ "$(kubectl -n sun exec reader -- printenv DB_password)" == 's3cr3t!' ]] || errors+=("DB_password")
[[ "$(kubectl exec -n sun reader -- cat /etc/app/mode)" == production ]] || errors+=("mounted mode")
diff -u <(sort ~/ckad/config/db.env) <(sort ~/ckad/config/decoded.txt) || errors+=("decoded.txt differs")

if ((${#errors[@]})); then
  printf ' - %s\n' "${errors[@]}" >&2
  exit 1
fi
