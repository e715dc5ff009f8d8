#!/bin/bash
kubectl get pod cleaner -n logging -o yaml > new.yaml
kubectl delete pod cleaner -n logging --force --grace-period=0 2>/dev/null
cat > new.yaml <<-'EOF'
	apiVersion: v1
	kind: Pod
	metadata:
	  name: cleaner
	  namespace: logging
	spec:
	  initContainers:
	  - name: prepare
	    image: busybox:1.36
	    command: ['sh', '-c', 'echo "prepared by $HOSTNAME" > /var/log/app.log']
	    volumeMounts: [{name: logs, mountPath: /var/log}]
	  - name: tailer
	    image: busybox:1.36
	    restartPolicy: Always
	    command: ["sh", "-c", "tail -n+1 -F /var/log/app.log"]
	    volumeMounts: [{name: logs, mountPath: /var/log}]
	  containers:
	  - name: main
	    image: busybox:1.36
	    args: [/bin/sh, -c, "i=0; while true; do echo \"$i: $(date)\" >> /var/log/app.log; i=$((i+1)); sleep 1; done"]
	    volumeMounts:
	    - name: logs
	      mountPath: /var/log
	  volumes:
	  - name: logs
	    emptyDir: {}
	EOF
kubectl create -f new.yaml
kubectl -n logging wait --for=condition=Ready pod cleaner --timeout=90s
sleep 5
kubectl -n logging logs cleaner -c tailer | head -3 > first-lines.txt
