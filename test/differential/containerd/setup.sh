exec < /dev/null
mkdir -p /tmp/pod-logs/c1
printf '%s: %s\n' runtime-endpoint unix:///run/containerd/containerd.sock image-endpoint unix:///run/containerd/containerd.sock timeout 10 debug false > /etc/crictl.yaml
cat > pod.json <<X
{"metadata":{"name":"web","namespace":"default","uid":"u1","attempt":0},"labels":{"app":"web"},"annotations":{"a":"b"},"log_directory":"/tmp/pod-logs","linux":{"security_context":{"namespace_options":{"network":2}}}}
X
cat > c.json <<'X'
{"metadata":{"name":"c1","attempt":0},"labels":{"x":"y"},"image":{"image":"docker.io/library/busybox:1.36"},"command":["sh","-c","echo hi; sleep 0.1; echo err >&2; sleep 1000"],"log_path":"c1/0.log","linux":{"security_context":{"namespace_options":{"network":2}}}}
X
cat > d.json <<'X'
{"metadata":{"name":"d1"},"image":{"image":"docker.io/library/busybox:1.36"},"command":["sh","-c","echo gone; exit 7"],"log_path":"c1/1.log","linux":{"security_context":{"namespace_options":{"network":2}}}}
X
cat > e.yaml <<'X'
metadata: {name: y1}
image: {image: docker.io/library/busybox:1.36}
command: [nosuch]
log_path: y.log
X
echo '{ bad' > bad.json
printf 'a: [' > bad.yaml
: > empty.json
echo '[]' > list.json
echo '{}' > nothing.json
echo '{"metadata":{"name":"a","namespace":"b"}}' > no-uid.json
echo '{"metadata":{},"image":{"image":"docker.io/library/busybox:1.36"}}' > no-name.json
echo '{"metadata":{"name":"x"},"image":"busybox:1.36"}' > image.json
echo '{"metadata":{"name":1},"image":{"image":"busybox:1.36"}}' > number.json
echo '{"metadata":{"name":"x"},"image":{"image":"docker.io/library/nope:1"}}' > no-image.json
printf 'foo: [1\n' > b1.yaml
printf 'timeout: abc\n' > b2.yaml
printf 'nope: 1\n' > b3.yaml
printf 'debug: maybe\n' > b4.yaml
