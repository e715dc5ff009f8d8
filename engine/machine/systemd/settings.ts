/** Names of settings in unit files, by section, as systemd 252 knows them (`systemd --dump-configuration-items`). */

/** How processes are run: of services, sockets, mounts and swaps. */
const EXEC = `
AmbientCapabilities AppArmorProfile BindPaths BindReadOnlyPaths CPUAffinity CPUSchedulingPolicy CPUSchedulingPriority
CPUSchedulingResetOnFork CacheDirectory CacheDirectoryMode CapabilityBoundingSet ConfigurationDirectory
ConfigurationDirectoryMode CoredumpFilter DynamicUser Environment EnvironmentFile ExecPaths ExecSearchPath
ExtensionDirectories ExtensionImages FinalKillSignal Group IOSchedulingClass IOSchedulingPriority IPCNamespacePath
IgnoreSIGPIPE InaccessibleDirectories InaccessiblePaths KeyringMode KillMode KillSignal LimitAS LimitCORE LimitCPU
LimitDATA LimitFSIZE LimitLOCKS LimitMEMLOCK LimitMSGQUEUE LimitNICE LimitNOFILE LimitNPROC LimitRSS LimitRTPRIO
LimitRTTIME LimitSIGPENDING LimitSTACK LoadCredential LoadCredentialEncrypted LockPersonality LogExtraFields
LogLevelMax LogNamespace LogRateLimitBurst LogRateLimitIntervalSec LogsDirectory LogsDirectoryMode
MemoryDenyWriteExecute MountAPIVFS MountFlags MountImages NUMAMask NUMAPolicy NetworkNamespacePath Nice NoExecPaths
NoNewPrivileges OOMScoreAdjust PAMName PassEnvironment Personality PrivateDevices PrivateIPC PrivateMounts
PrivateNetwork PrivateTmp PrivateUsers ProcSubset ProtectClock ProtectControlGroups ProtectHome ProtectHostname
ProtectKernelLogs ProtectKernelModules ProtectKernelTunables ProtectProc ProtectSystem ReadOnlyDirectories
ReadOnlyPaths ReadWriteDirectories ReadWritePaths RemoveIPC RestartKillSignal RestrictAddressFamilies
RestrictFileSystems RestrictNamespaces RestrictRealtime RestrictSUIDSGID RootDirectory RootHash RootHashSignature
RootImage RootImageOptions RootVerity RuntimeDirectory RuntimeDirectoryMode RuntimeDirectoryPreserve SELinuxContext
SecureBits SendSIGHUP SendSIGKILL SetCredential SetCredentialEncrypted SmackProcessLabel StandardError StandardInput
StandardInputData StandardInputText StandardOutput StateDirectory StateDirectoryMode SupplementaryGroups
SyslogFacility SyslogIdentifier SyslogLevel SyslogLevelPrefix SystemCallArchitectures SystemCallErrorNumber
SystemCallFilter SystemCallLog TTYColumns TTYPath TTYReset TTYRows TTYVHangup TTYVTDisallocate TemporaryFileSystem
TimeoutCleanSec TimeoutSec TimerSlackNSec UMask UnsetEnvironment User UtmpIdentifier UtmpMode WatchdogSignal
WorkingDirectory`;

const KILL = "SendSIGKILL SendSIGHUP KillMode KillSignal RestartKillSignal FinalKillSignal WatchdogSignal";

/** Control groups: of those, and of slices and scopes. */
const GROUP = `
AllowedCPUs AllowedMemoryNodes BPFProgram BlockIOAccounting BlockIODeviceWeight BlockIOReadBandwidth BlockIOWeight
BlockIOWriteBandwidth CPUAccounting CPUQuota CPUQuotaPeriodSec CPUShares CPUWeight DefaultMemoryLow DefaultMemoryMin
Delegate DeviceAllow DevicePolicy DisableControllers IOAccounting IODeviceLatencyTargetSec IODeviceWeight
IOReadBandwidthMax IOReadIOPSMax IOWeight IOWriteBandwidthMax IOWriteIOPSMax IPAccounting IPAddressAllow IPAddressDeny
IPEgressFilterPath IPIngressFilterPath ManagedOOMMemoryPressure ManagedOOMMemoryPressureLimit ManagedOOMPreference
ManagedOOMSwap MemoryAccounting MemoryHigh MemoryLimit MemoryLow MemoryMax MemoryMin MemorySwapMax
RestrictNetworkInterfaces Slice SocketBindAllow SocketBindDeny StartupAllowedCPUs StartupAllowedMemoryNodes
StartupBlockIOWeight StartupCPUShares StartupCPUWeight StartupIOWeight TasksAccounting TasksMax`;

/** What Condition… and Assert… ask for. */
const CHECKS = `
ACPower Architecture CPUFeature CPUPressure CPUs Capability ControlGroupController Credential DirectoryNotEmpty
Environment FileIsExecutable FileNotEmpty Firmware FirstBoot Group Host IOPressure KernelCommandLine KernelVersion
Memory MemoryPressure NeedsUpdate OSRelease PathExists PathExistsGlob PathIsDirectory PathIsEncrypted PathIsMountPoint
PathIsReadWrite PathIsSymbolicLink Security User Virtualization`;

const OWN: Readonly<Record<string, string>> = {
  Unit: `
Description Documentation SourcePath Requires Requisite Wants BindsTo BindTo Upholds Conflicts Before After OnSuccess
OnFailure PropagatesReloadTo PropagateReloadTo ReloadPropagatedFrom PropagateReloadFrom PropagatesStopTo
StopPropagatedFrom PartOf JoinsNamespaceOf RequiresOverridable RequisiteOverridable RequiresMountsFor StopWhenUnneeded
RefuseManualStart RefuseManualStop AllowIsolate DefaultDependencies OnSuccessJobMode OnFailureJobMode OnFailureIsolate
IgnoreOnIsolate JobTimeoutSec JobRunningTimeoutSec JobTimeoutAction JobTimeoutRebootArgument StartLimitIntervalSec
StartLimitInterval StartLimitBurst StartLimitAction FailureAction SuccessAction FailureActionExitStatus
SuccessActionExitStatus RebootArgument CollectMode`,
  Service: `
PIDFile ExecCondition ExecStartPre ExecStart ExecStartPost ExecReload ExecStop ExecStopPost RestartSec TimeoutStartSec
TimeoutStopSec TimeoutAbortSec TimeoutStartFailureMode TimeoutStopFailureMode RuntimeMaxSec RuntimeRandomizedExtraSec
WatchdogSec StartLimitInterval StartLimitBurst StartLimitAction FailureAction RebootArgument Type ExitType Restart
PermissionsStartOnly RootDirectoryStartOnly RemainAfterExit GuessMainPID RestartPreventExitStatus
RestartForceExitStatus SuccessExitStatus NonBlocking BusName FileDescriptorStoreMax NotifyAccess Sockets
USBFunctionDescriptors USBFunctionStrings OOMPolicy`,
  Socket: `
ListenStream ListenDatagram ListenSequentialPacket ListenFIFO ListenNetlink ListenSpecial ListenMessageQueue
ListenUSBFunction SocketProtocol BindIPv6Only Backlog BindToDevice ExecStartPre ExecStartPost ExecStopPre ExecStopPost
SocketUser SocketGroup SocketMode DirectoryMode Accept FlushPending Writable MaxConnections MaxConnectionsPerSource
KeepAlive KeepAliveTimeSec KeepAliveIntervalSec KeepAliveProbes DeferAcceptSec NoDelay Priority ReceiveBuffer
SendBuffer IPTOS IPTTL Mark PipeSize FreeBind Transparent Broadcast PassCredentials PassSecurity PassPacketInfo
Timestamping TCPCongestion ReusePort MessageQueueMaxMessages MessageQueueMessageSize RemoveOnStop Symlinks
FileDescriptorName Service TriggerLimitIntervalSec TriggerLimitBurst SmackLabel SmackLabelIPIn SmackLabelIPOut
SELinuxContextFromNet`,
  Mount: `
What Where Options Type DirectoryMode SloppyOptions LazyUnmount ForceUnmount ReadWriteOnly`,
  Automount: `
Where ExtraOptions DirectoryMode TimeoutIdleSec`,
  Swap: `
What Priority Options`,
  Timer: `
OnCalendar OnActiveSec OnBootSec OnStartupSec OnUnitActiveSec OnUnitInactiveSec OnClockChange OnTimezoneChange
Persistent WakeSystem RemainAfterElapse FixedRandomDelay AccuracySec RandomizedDelaySec Unit`,
  Path: `
PathExists PathExistsGlob PathChanged PathModified DirectoryNotEmpty Unit MakeDirectory DirectoryMode
TriggerLimitIntervalSec TriggerLimitBurst`,
  Slice: "",
  Scope: `
RuntimeMaxSec RuntimeRandomizedExtraSec TimeoutStopSec OOMPolicy`,
  Install: `
Alias WantedBy RequiredBy Also DefaultInstance`,
  Target: "",
};

const words = (text: string): string[] => text.trim().split(/\s+/).filter(Boolean);

const KNOWN: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries(OWN).map(([section, own]) => {
    const all = words(own);
    if (section === "Unit") for (const what of words(CHECKS)) all.push(`Condition${what}`, `Assert${what}`);
    if (["Service", "Socket", "Mount", "Swap"].includes(section)) all.push(...words(EXEC), ...words(GROUP));
    if (section === "Slice" || section === "Scope") all.push(...words(GROUP));
    if (section === "Scope") all.push(...words(KILL));
    return [section, new Set(all)];
  }),
);

/** The settings of a section; undefined where there is no such section. */
export function settingsOf(section: string): ReadonlySet<string> | undefined {
  return KNOWN.get(section);
}

/** Settings whose value is yes or no. */
export const BOOLEANS: ReadonlySet<string> = new Set(
  words(`
Accept AllowIsolate BlockIOAccounting Broadcast CPUAccounting CPUSchedulingResetOnFork DefaultDependencies DynamicUser
FixedRandomDelay FlushPending ForceUnmount FreeBind GuessMainPID IOAccounting IPAccounting IgnoreOnIsolate
IgnoreSIGPIPE KeepAlive LazyUnmount LockPersonality MakeDirectory MemoryAccounting MemoryDenyWriteExecute NoDelay
NoNewPrivileges NonBlocking OnClockChange OnFailureIsolate OnTimezoneChange PassCredentials PassPacketInfo
PassSecurity PermissionsStartOnly Persistent PrivateDevices PrivateIPC PrivateMounts PrivateNetwork PrivateTmp
PrivateUsers ProtectClock ProtectControlGroups ProtectHostname ProtectKernelLogs ProtectKernelModules
ProtectKernelTunables ReadWriteOnly RefuseManualStart RefuseManualStop RemainAfterElapse RemainAfterExit RemoveIPC
RemoveOnStop RestrictRealtime RestrictSUIDSGID ReusePort RootDirectoryStartOnly SELinuxContextFromNet SendSIGHUP
SendSIGKILL SloppyOptions StopWhenUnneeded SyslogLevelPrefix TTYReset TTYVHangup TTYVTDisallocate TasksAccounting
Transparent WakeSystem Writable`),
);

/** Settings whose value is a time span. */
export const SPANS: ReadonlySet<string> = new Set(
  words(`
AccuracySec DeferAcceptSec KeepAliveIntervalSec KeepAliveTimeSec LogRateLimitIntervalSec RandomizedDelaySec RestartSec
RuntimeMaxSec RuntimeRandomizedExtraSec StartLimitInterval StartLimitIntervalSec TimeoutCleanSec TimeoutSec
TimeoutStartSec TimeoutStopSec TriggerLimitIntervalSec WatchdogSec`),
);
