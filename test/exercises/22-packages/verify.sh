#!/bin/bash
set -e
kubectl exec -n tools alpine -- sh -c 'curl --version | head -1 && echo {\"a\":1} | jq .a' | tail -1 | grep -qx 1
kubectl exec -n tools debian -- sh -c 'dpkg -l curl | grep -q "^ii  curl" && which ping'
kubectl exec -n tools debian -- which wget && exit 1
grep -q 'WARNING: fetching https://dl-cdn.alpinelinux.org/alpine/v3.21/main: DNS lookup error' /tmp/shut.txt
grep -q 'curl (no such package)' /tmp/shut.txt
test -s /etc/apt/sources.list.d/other.list
sudo apt-get update 2>&1 | grep -q '^Get:1 http://deb.debian.org/debian bookworm InRelease'
sudo apt-get update 2>&1 | grep -q "^W: Failed to fetch https://packages.invalid/InRelease  Could not resolve 'packages.invalid'"
