/** Unit files as their Debian and Kubernetes packages install them, by path. */

export type Role = "control-plane" | "worker" | "load-balancer" | "workstation";

const target = (description: string, extra = "") => `[Unit]\nDescription=${description}\n${extra}`;

const COMMON: Record<string, string> = {
  "basic.target": target("Basic System", "Requires=sysinit.target\nAfter=sysinit.target\n"),
  "sysinit.target": target("System Initialization", "Wants=systemd-journald.service\n"),
  "network.target": target("Network"),
  "network-online.target": target("Network is Online", "After=network.target\n"),
  "multi-user.target": target(
    "Multi-User System",
    "Requires=basic.target\nWants=systemd-logind.service\nAfter=basic.target\nAllowIsolate=yes\n",
  ),
  "graphical.target": target(
    "Graphical Interface",
    "Requires=multi-user.target\nAfter=multi-user.target\nAllowIsolate=yes\n",
  ),
  "time-sync.target": target("System Time Synchronized"),
  "remote-fs.target": target("Remote File Systems"),
  "local-fs.target": target("Local File Systems"),
  "systemd-journald.service": `[Unit]
Description=Journal Service
Documentation=man:systemd-journald.service(8) man:journald.conf(5)
DefaultDependencies=no

[Service]
ExecStart=/lib/systemd/systemd-journald
Restart=always
RestartSec=0
Type=notify
StandardOutput=null
`,
  "systemd-logind.service": `[Unit]
Description=User Login Management
Documentation=man:systemd-logind.service(8) man:logind.conf(5)

[Service]
ExecStart=/lib/systemd/systemd-logind
Restart=always
RestartSec=0
Type=notify
`,
  "ssh.service": `[Unit]
Description=OpenBSD Secure Shell server
Documentation=man:sshd(8) man:sshd_config(5)
After=network.target auditd.service
ConditionPathExists=!/etc/ssh/sshd_not_to_be_run

[Service]
EnvironmentFile=-/etc/default/ssh
ExecStart=/usr/sbin/sshd -D $SSHD_OPTS
ExecReload=/bin/kill -HUP $MAINPID
KillMode=process
Restart=on-failure
RestartPreventExitStatus=255
Type=notify
RuntimeDirectory=sshd
RuntimeDirectoryMode=0755

[Install]
WantedBy=multi-user.target
Alias=sshd.service
`,
  "cron.service": `[Unit]
Description=Regular background program processing daemon
Documentation=man:cron(8)
After=remote-fs.target nss-user-lookup.target

[Service]
EnvironmentFile=-/etc/default/cron
ExecStart=/usr/sbin/cron -f $EXTRA_OPTS
IgnoreSIGPIPE=false
KillMode=process
Restart=on-failure
SyslogFacility=cron

[Install]
WantedBy=multi-user.target
`,
};

const NODE: Record<string, string> = {
  "containerd.service": `[Unit]
Description=containerd container runtime
Documentation=https://containerd.io
After=network.target local-fs.target

[Service]
ExecStartPre=-/sbin/modprobe overlay
ExecStart=/usr/bin/containerd

Type=notify
Delegate=yes
KillMode=process
Restart=always
RestartSec=5
LimitNPROC=infinity
LimitCORE=infinity
LimitNOFILE=infinity
TasksMax=infinity
OOMScoreAdjust=-999

[Install]
WantedBy=multi-user.target
`,
  "kubelet.service": `[Unit]
Description=kubelet: The Kubernetes Node Agent
Documentation=https://kubernetes.io/docs/
Wants=network-online.target
After=network-online.target

[Service]
ExecStart=/usr/bin/kubelet
Restart=always
StartLimitInterval=0
RestartSec=10

[Install]
WantedBy=multi-user.target
`,
  // What kubeadm's package ships (kubernetes/release, cmd/krel/templates/latest/kubeadm/10-kubeadm.conf).
  "kubelet.service.d/10-kubeadm.conf": `# For kubeadm and kubelet v1.11 or later
[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
# Written by "kubeadm init" and "kubeadm join": fills KUBELET_KUBEADM_ARGS
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
# For overrides of your own, as a last resort; better is nodeRegistration.kubeletExtraArgs in kubeadm's configuration
EnvironmentFile=-/etc/default/kubelet
ExecStart=
ExecStart=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS
`,
};

const LOAD_BALANCER: Record<string, string> = {
  "haproxy.service": `[Unit]
Description=HAProxy Load Balancer
Documentation=man:haproxy(1)
Documentation=file:/usr/share/doc/haproxy/configuration.txt.gz
After=network-online.target rsyslog.service
Wants=network-online.target

[Service]
EnvironmentFile=-/etc/default/haproxy
EnvironmentFile=-/etc/sysconfig/haproxy
BindReadOnlyPaths=/dev/log:/var/lib/haproxy/dev/log
Environment="CONFIG=/etc/haproxy/haproxy.cfg" "PIDFILE=/run/haproxy.pid" "EXTRAOPTS=-S /run/haproxy-master.sock"
ExecStart=/usr/sbin/haproxy -Ws -f $CONFIG -p $PIDFILE $EXTRAOPTS
ExecReload=/bin/kill -USR2 $MAINPID
KillMode=mixed
Restart=always
SuccessExitStatus=143
Type=notify

[Install]
WantedBy=multi-user.target
`,
  "keepalived.service": `[Unit]
Description=Keepalive Daemon (LVS and VRRP)
After=network-online.target
Wants=network-online.target
ConditionFileNotEmpty=/etc/keepalived/keepalived.conf

[Service]
Type=notify
NotifyAccess=all
EnvironmentFile=-/etc/default/keepalived
ExecStart=/usr/sbin/keepalived --dont-fork $DAEMON_ARGS
ExecReload=/bin/kill -HUP $MAINPID
KillMode=process

[Install]
WantedBy=multi-user.target
`,
};

/** Unit files of /lib/systemd/system for a machine of that role, by path below it. */
export function unitFiles(role: Role): Record<string, string> {
  if (role === "control-plane" || role === "worker") return { ...COMMON, ...NODE };
  if (role === "load-balancer") return { ...COMMON, ...LOAD_BALANCER };
  return COMMON;
}

/** Services that boot starts: links of multi-user.target.wants. */
export function enabledUnits(role: Role): string[] {
  return Object.entries(unitFiles(role))
    .filter(([name, text]) => name.endsWith(".service") && text.includes("WantedBy=multi-user.target"))
    .map(([name]) => name);
}
