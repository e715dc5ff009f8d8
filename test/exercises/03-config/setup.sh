#!/bin/sh
# POSIX sh only: some images have no bash.
set -eu
mkdir -p "$HOME/ckad/config" && cd "$HOME/ckad/config"
cat >app.properties <<EOF
color=blue
greeting=Hello from $(hostname -s)
retries=3
EOF
printf 'user=%s\npassword=%s\n' admin 's3cr3t!' > db.env
printf '%s' 'plain text, no newline' > note.txt
kubectl create namespace sun
