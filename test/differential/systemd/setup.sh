exec < /dev/null
export LANG=C.UTF-8 SYSTEMD_PAGER=cat
cd /root
# unit NAME LINE…: writes a unit file, or with a folder in NAME a drop-in.
unit() { local f=/etc/systemd/system/$1; mkdir -p "${f%/*}"; shift; printf '%s\n' "$@" > "$f"; }
# says UNIT: what the journal has of a unit since the last time it was asked.
says() {
  sleep 0.3; journalctl --sync
  local seen=$(cat "/run/says.$1" 2>/dev/null || echo 0)
  journalctl -q -b -o short --no-hostname -u "$1" | cut -c17- > /run/says.new
  tail -n +$((seen + 1)) /run/says.new
  wc -l < /run/says.new > "/run/says.$1"
}
# settle SECONDS
settle() { sleep "$1"; }
cat > /usr/local/bin/app <<'X'
#!/bin/bash
echo "app up $*"
trap 'echo reloaded' HUP
trap 'echo bye; exit 0' TERM
while :; do sleep 1000 & wait $!; done
X
cat > /usr/local/bin/stubborn <<'X'
#!/bin/bash
trap '' TERM
while :; do sleep 1000; done
X
chmod +x /usr/local/bin/*
unit web.service [Unit] 'Description=A web server' 'Documentation=man:web(8) https://example.com/web' [Service] 'ExecStart=/usr/local/bin/app one two' 'ExecReload=/bin/kill -HUP $MAINPID' [Install] WantedBy=multi-user.target Alias=www.service
unit plain.service [Service] 'ExecStart=/usr/bin/sleep 1000'
unit once.service [Unit] Description=Once [Service] Type=oneshot 'ExecStart=/bin/echo first' 'ExecStart=/bin/echo second' [Install] WantedBy=multi-user.target
unit stays.service [Unit] Description=Stays [Service] Type=oneshot RemainAfterExit=yes 'ExecStart=/bin/echo start' 'ExecStop=/bin/echo stop'
unit bad-exec.service [Unit] 'Description=Bad program' [Service] ExecStart=/usr/bin/nope
unit bad-user.service [Service] User=nobodyhere 'ExecStart=/bin/sleep 100'
unit bad-group.service [Service] Group=nogrouphere 'ExecStart=/bin/sleep 100'
unit bad-dir.service [Service] WorkingDirectory=/nope 'ExecStart=/bin/sleep 100'
unit bad-env.service [Service] EnvironmentFile=/etc/nope.env 'ExecStart=/bin/sleep 100'
unit no-exec.service [Unit] 'Description=No program' [Service] Type=simple
unit no-section.service [Unit] 'Description=No section'
unit relative.service [Service] 'ExecStart=bin/app'
unit two.service [Service] 'ExecStart=/bin/true' 'ExecStart=/bin/false'
unit odd-type.service [Service] Type=daemon 'ExecStart=/bin/sleep 100'
unit odd-key.service [Unit] Description=Odd Colour=blue [Service] 'ExecStart=/bin/sleep 100' Restrat=always Restart=sometimes RestartSec=soon [Servce] 'ExecStart=/bin/true' 
unit odd-line.service 'Description=outside' [Unit] 'Description=Odd line' 'nonsense' [Service] 'ExecStart=/bin/sleep 100' '[Install' WantedBy=multi-user.target
unit fails.service [Unit] 'Description=Fails' [Service] 'ExecStart=/bin/sh -c "echo trouble >&2; exit 3"'
unit pre-fails.service [Service] 'ExecStartPre=/bin/sh -c "echo no; exit 2"' 'ExecStart=/bin/sleep 100'
unit post-fails.service [Service] 'ExecStart=/bin/sleep 100' 'ExecStartPost=/bin/false'
unit pre-ok.service [Service] 'ExecStartPre=-/bin/false' 'ExecStartPre=/bin/echo ready' 'ExecStart=/bin/sleep 100'
unit loops.service [Unit] 'Description=Loops' [Service] 'ExecStart=/bin/false' Restart=on-failure
unit loops-slow.service [Unit] StartLimitIntervalSec=60 StartLimitBurst=2 [Service] 'ExecStart=/bin/false' Restart=always RestartSec=1
unit killed.service [Service] 'ExecStart=/bin/sh -c "kill -9 $$$$"'
unit hangs.service [Service] Type=notify TimeoutStartSec=2 'ExecStart=/bin/sleep 100'
unit stubborn.service [Service] TimeoutStopSec=2 'ExecStart=/usr/local/bin/stubborn'
unit forks.service [Service] Type=forking 'ExecStart=/bin/sh -c "sleep 1000 &"'
unit forks-not.service [Service] Type=forking TimeoutStartSec=2 'ExecStart=/bin/sleep 1000'
unit notify-ends.service [Service] Type=notify 'ExecStart=/bin/true'
unit oneshot-fails.service [Service] Type=oneshot 'ExecStart=/bin/false'
unit oneshot-restart.service [Service] Type=oneshot Restart=always 'ExecStart=/bin/true'
unit cond.service [Unit] Description=Conditional ConditionPathExists=/nope [Service] 'ExecStart=/bin/sleep 100'
unit cond-not.service [Unit] 'ConditionPathExists=!/etc/passwd' [Service] 'ExecStart=/bin/sleep 100'
unit assert.service [Unit] Description=Asserted AssertPathExists=/nope [Service] 'ExecStart=/bin/sleep 100'
unit needs.service [Unit] Description=Needs Requires=fails-now.service After=fails-now.service [Service] 'ExecStart=/bin/sleep 100'
unit fails-now.service [Service] Type=oneshot ExecStart=/bin/false
unit needs-missing.service [Unit] Requires=missing.service [Service] 'ExecStart=/bin/sleep 100'
unit wants-missing.service [Unit] Wants=missing.service [Service] 'ExecStart=/bin/sleep 100'
unit db.service [Unit] Description=Database [Service] 'ExecStart=/bin/sleep 1000'
unit api.service [Unit] Description=Api Requires=db.service After=db.service [Service] 'ExecStart=/bin/sleep 1000'
unit part.service [Unit] Description=Part PartOf=db.service After=db.service [Service] 'ExecStart=/bin/sleep 1000'
unit bound.service [Unit] Description=Bound BindsTo=db.service After=db.service [Service] 'ExecStart=/bin/sleep 1000'
unit enemy.service [Unit] Description=Enemy Conflicts=db.service [Service] 'ExecStart=/bin/sleep 1000'
unit requisite.service [Unit] Description=Requisite Requisite=db.service After=db.service [Service] 'ExecStart=/bin/sleep 1000'
unit job@.service [Unit] 'Description=Job %i of %p' [Service] 'ExecStart=/usr/local/bin/app %i %I %n' [Install] WantedBy=multi-user.target DefaultInstance=main
unit backup.service [Unit] Description=Backup [Service] Type=oneshot 'ExecStart=/bin/echo backing up'
unit backup.timer [Unit] 'Description=Backup now and then' [Timer] OnCalendar=daily Persistent=true [Install] WantedBy=timers.target
unit boot.timer [Timer] OnBootSec=15min OnUnitActiveSec=1h Unit=backup.service [Install] WantedBy=timers.target
unit soon.timer [Timer] OnActiveSec=2 AccuracySec=1ms Unit=backup.service
unit orphan.timer [Timer] OnCalendar=hourly
unit bad.timer [Timer] OnCalendar=sometimes
unit empty.timer [Timer] Persistent=true
unit env.service [Service] Type=oneshot 'Environment="A=one two" B=three' 'Environment=C=$A' 'ExecStart=/bin/echo [$A] [${A}] $B ${C} $NOPE ${NOPE}end $$HOME'
unit user.service [Service] User=nobody 'ExecStart=/usr/bin/id -un' Type=oneshot
unit drop.service [Unit] Description=Dropped [Service] 'ExecStart=/bin/sleep 1000'
unit drop.service.d/10-a.conf [Service] Environment=A=1
unit drop.service.d/20-b.conf [Unit] Description=Dropped twice [Service] ExecStart= 'ExecStart=/bin/sleep 2000'
unit twice.service [Service] 'ExecStart=/bin/sleep 1000' [Install] WantedBy=multi-user.target Also=plain.service
unit aliased.service [Service] 'ExecStart=/bin/sleep 1000' [Install] Alias=other.service
unit group.target [Unit] 'Description=A group' Wants=web.service After=web.service AllowIsolate=no
systemctl daemon-reload
unit notify-mute.service [Service] Type=notify TimeoutStartSec=5 'ExecStart=/bin/sh -c "systemd-notify --ready; sleep 0.5; exit 1"'
unit execs.service [Service] Type=exec 'ExecStart=/bin/sleep 100'
unit exec-bad.service [Service] Type=exec ExecStart=/usr/bin/nope
unit cond-exec.service [Service] ExecCondition=/bin/false 'ExecStart=/bin/sleep 100'
unit on-failure.service [Unit] OnFailure=handler.service [Service] ExecStart=/bin/false
unit handler.service [Service] Type=oneshot 'ExecStart=/bin/echo handled'
unit limit-time.service [Service] RuntimeMaxSec=1 'ExecStart=/bin/sleep 100'
unit or-cond.service [Unit] 'ConditionPathExists=|/nope' 'ConditionPathExists=|/etc/passwd' [Service] Type=oneshot 'ExecStart=/bin/echo ran'
unit trigger-cond.service [Unit] 'ConditionPathExists=|/nope' 'ConditionPathExists=|/nope2' [Service] Type=oneshot 'ExecStart=/bin/echo ran'
unit stop-post.service [Service] 'ExecStart=/bin/sleep 100' 'ExecStop=/bin/echo stopping' 'ExecStopPost=/bin/echo after'
unit mixed.service [Service] KillMode=mixed TimeoutStopSec=3 'ExecStart=/usr/local/bin/app mixed'
unit killmode-none.service [Service] KillMode=process 'ExecStart=/usr/local/bin/app kept'
unit prevent.service [Service] Restart=always RestartPreventExitStatus=7 'ExecStart=/bin/sh -c "exit 7"'
unit success-status.service [Service] SuccessExitStatus=7 'ExecStart=/bin/sh -c "exit 7"'
unit before-a.service [Unit] Before=before-b.service [Service] Type=oneshot 'ExecStart=/bin/sh -c "sleep 0.3; echo a"'
unit before-b.service [Service] Type=oneshot 'ExecStart=/bin/echo b'
unit manual.service [Unit] RefuseManualStart=yes RefuseManualStop=yes [Service] 'ExecStart=/bin/sleep 100'
unit timer-fast.timer [Timer] OnActiveSec=1 OnUnitActiveSec=1 AccuracySec=1ms
unit timer-fast.service [Service] Type=oneshot 'ExecStart=/bin/echo tick'
unit also.service [Service] 'ExecStart=/bin/sleep 100' [Install] WantedBy=multi-user.target Also=once.service
unit also-only.service [Service] 'ExecStart=/bin/sleep 100' [Install] Also=once.service
unit long-name-of-a-program.service [Service] Type=oneshot 'ExecStart=/usr/local/bin/long-name-of-a-program'
printf '#!/bin/sh\necho long\n' > /usr/local/bin/long-name-of-a-program; chmod +x /usr/local/bin/long-name-of-a-program
unit syslog-id.service [Service] Type=oneshot SyslogIdentifier=mine 'ExecStart=/bin/echo named'
unit null-out.service [Service] Type=oneshot StandardOutput=null 'ExecStart=/bin/echo unheard'
unit dash.service [Service] 'ExecStart=-/bin/false' RemainAfterExit=yes
systemctl daemon-reload
