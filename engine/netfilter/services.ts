/** Ports and their names, as Debian's netbase has them: number, name, protocols, other names. */
const SERVICES = `
1 tcpmux tcp
7 echo tcp/udp
9 discard tcp/udp sink,null
11 systat tcp users
13 daytime tcp/udp
15 netstat tcp
17 qotd tcp quote
19 chargen tcp/udp ttytst,source
20 ftp-data tcp
21 ftp tcp
21 fsp udp fspd
22 ssh tcp
23 telnet tcp
25 smtp tcp mail
37 time tcp/udp timserver
43 whois tcp nicname
49 tacacs tcp/udp
53 domain tcp/udp
67 bootps udp
68 bootpc udp
69 tftp udp
70 gopher tcp
79 finger tcp
80 http tcp www
88 kerberos tcp/udp kerberos5,krb5,kerberos-sec
102 iso-tsap tcp tsap
104 acr-nema tcp dicom
110 pop3 tcp pop-3
111 sunrpc tcp/udp portmapper
113 auth tcp authentication,tap,ident
119 nntp tcp readnews,untp
123 ntp udp
135 epmap tcp loc-srv
137 netbios-ns udp
138 netbios-dgm udp
139 netbios-ssn tcp
143 imap2 tcp imap
161 snmp tcp/udp
162 snmp-trap tcp/udp snmptrap
163 cmip-man tcp/udp
164 cmip-agent tcp/udp
174 mailq tcp
177 xdmcp udp
179 bgp tcp
199 smux tcp
209 qmtp tcp
210 z3950 tcp wais
213 ipx udp
319 ptp-event udp
320 ptp-general udp
345 pawserv tcp
346 zserv tcp
369 rpc2portmap tcp/udp
370 codaauth2 tcp/udp
371 clearcase udp Clearcase
389 ldap tcp/udp
427 svrloc tcp/udp
443 https tcp/udp
444 snpp tcp
445 microsoft-ds tcp
464 kpasswd tcp/udp
465 submissions tcp ssmtp,smtps,urd
487 saft tcp
500 isakmp udp
554 rtsp tcp/udp
607 nqs tcp
623 asf-rmcp udp
628 qmqp tcp
631 ipp tcp
646 ldp tcp/udp
512 exec tcp
512 biff udp comsat
513 login tcp
513 who udp whod
514 shell tcp cmd,syslog
514 syslog udp
515 printer tcp spooler
517 talk udp
518 ntalk udp
520 route udp router,routed
538 gdomap tcp/udp
540 uucp tcp uucpd
543 klogin tcp
544 kshell tcp krcmd
546 dhcpv6-client udp
547 dhcpv6-server udp
548 afpovertcp tcp
563 nntps tcp snntp
587 submission tcp
636 ldaps tcp/udp
655 tinc tcp/udp
706 silc tcp
749 kerberos-adm tcp
853 domain-s tcp/udp
873 rsync tcp
989 ftps-data tcp
990 ftps tcp
992 telnets tcp
993 imaps tcp
995 pop3s tcp
1080 socks tcp
1093 proofd tcp
1094 rootd tcp
1194 openvpn tcp/udp
1099 rmiregistry tcp
1352 lotusnote tcp lotusnotes
1433 ms-sql-s tcp
1434 ms-sql-m udp
1524 ingreslock tcp
1645 datametrics tcp/udp old-radius
1646 sa-msg-port tcp/udp old-radacct
1649 kermit tcp
1677 groupwise tcp
1701 l2f udp l2tp
1812 radius tcp/udp
1813 radius-acct tcp/udp radacct
2000 cisco-sccp tcp
2049 nfs tcp/udp
2086 gnunet tcp/udp
2101 rtcm-sc104 tcp/udp
2119 gsigatekeeper tcp
2135 gris tcp
2401 cvspserver tcp
2430 venus tcp/udp
2431 venus-se tcp/udp
2432 codasrv tcp/udp
2433 codasrv-se tcp/udp
2583 mon tcp/udp
2628 dict tcp
2792 f5-globalsite tcp
2811 gsiftp tcp
2947 gpsd tcp
3050 gds-db tcp gds_db
3130 icpv2 udp icp
3205 isns tcp/udp
3260 iscsi-target tcp
3306 mysql tcp
3389 ms-wbt-server tcp
3493 nut tcp/udp
3632 distcc tcp
3689 daap tcp
3690 svn tcp subversion
4031 suucp tcp
4094 sysrqd tcp
4190 sieve tcp
4369 epmd tcp
4373 remctl tcp
4353 f5-iquery tcp
4460 ntske tcp
4500 ipsec-nat-t udp
4569 iax udp
4691 mtn tcp
4899 radmin-port tcp
5060 sip tcp/udp
5061 sip-tls tcp/udp
5222 xmpp-client tcp jabber-client
5269 xmpp-server tcp jabber-server
5308 cfengine tcp
5353 mdns udp
5432 postgresql tcp postgres
5556 freeciv tcp rptp
5671 amqps tcp
5672 amqp tcp/sctp
5683 coap tcp/udp
5684 coaps tcp/udp
6000 x11 tcp x11-0
6001 x11-1 tcp
6002 x11-2 tcp
6003 x11-3 tcp
6004 x11-4 tcp
6005 x11-5 tcp
6006 x11-6 tcp
6007 x11-7 tcp
6346 gnutella-svc tcp/udp
6347 gnutella-rtr tcp/udp
6379 redis tcp
6444 sge-qmaster tcp sge_qmaster
6445 sge-execd tcp sge_execd
6446 mysql-proxy tcp
6696 babel udp
6697 ircs-u tcp
7000 bbs tcp
7000 afs3-fileserver udp
7001 afs3-callback udp
7002 afs3-prserver udp
7003 afs3-vlserver udp
7004 afs3-kaserver udp
7005 afs3-volser udp
7007 afs3-bos udp
7008 afs3-update udp
7009 afs3-rmtsys udp
7100 font-service tcp xfs
8080 http-alt tcp webcache
8140 puppet tcp
9101 bacula-dir tcp
9102 bacula-fd tcp
9103 bacula-sd tcp
9667 xmms2 tcp
10809 nbd tcp
10050 zabbix-agent tcp
10051 zabbix-trapper tcp
10080 amanda tcp
11112 dicom tcp
11371 hkp tcp
17500 db-lsp tcp
22125 dcap tcp
22128 gsidcap tcp
22273 wnn6 tcp
750 kerberos4 udp/tcp kerberos-iv,kdc
751 kerberos-master udp kerberos_master
751 kerberos-master tcp
752 passwd-server udp passwd_server
754 krb-prop tcp krb_prop,krb5_prop,hprop
2102 zephyr-srv udp
2103 zephyr-clt udp
2104 zephyr-hm udp
2121 iprop tcp
871 supfilesrv tcp
1127 supfiledbg tcp
106 poppassd tcp
775 moira-db tcp moira_db
777 moira-update tcp moira_update
779 moira-ureg udp moira_ureg
783 spamd tcp
1178 skkserv tcp
1210 predict udp
1236 rmtcfg tcp
1313 xtel tcp
1314 xtelw tcp
2600 zebrasrv tcp
2601 zebra tcp
2602 ripd tcp
2603 ripngd tcp
2604 ospfd tcp
2605 bgpd tcp
2606 ospf6d tcp
2607 ospfapi tcp
2608 isisd tcp
4557 fax tcp
4559 hylafax tcp
4949 munin tcp lrrd
5555 rplay udp
5666 nrpe tcp
5667 nsca tcp
5680 canna tcp
6514 syslog-tls tcp
6566 sane-port tcp sane,saned
6667 ircd tcp
8021 zope-ftp tcp
8081 tproxy tcp
8088 omniorb tcp
8990 clc-build-daemon tcp
9098 xinetd tcp
9418 git tcp
9673 zope tcp
10000 webmin tcp
10081 kamanda tcp
10082 amandaidx tcp
10083 amidxtape tcp
17001 sgi-cmsd udp
17002 sgi-crsd udp
17003 sgi-gcd udp
17004 sgi-cad tcp
24554 binkp tcp
27374 asp tcp/udp
30865 csync2 tcp
57000 dircproxy tcp
60177 tfido tcp
60179 fido tcp
`;

interface Service {
  port: number;
  name: string;
  protocols: readonly string[];
  aliases: readonly string[];
}

let byPort: Map<string, string> | undefined;
let byName: Map<string, number> | undefined;

function services(): Service[] {
  return SERVICES.trim()
    .split("\n")
    .map((line) => {
      const [port, name, protocols, aliases] = line.split(" ") as [string, string, string, string?];
      return { port: Number(port), name, protocols: protocols.split("/"), aliases: aliases?.split(",") ?? [] };
    });
}

/** Name of a port (getservbyport), or undefined. */
export function serviceName(port: number, protocol: string): string | undefined {
  if (byPort === undefined) {
    byPort = new Map();
    for (const service of services()) {
      for (const each of service.protocols) {
        const key = `${each} ${service.port}`;
        if (!byPort.has(key)) byPort.set(key, service.name);
      }
    }
  }
  return byPort.get(`${protocol} ${port}`);
}

/** Port of a name (getservbyname); any protocol's when none is given. */
export function servicePort(name: string, protocol?: string): number | undefined {
  if (byName === undefined) {
    byName = new Map();
    for (const service of services()) {
      for (const each of [...service.protocols, ""]) {
        for (const spelling of [service.name, ...service.aliases]) {
          const key = `${each} ${spelling}`;
          if (!byName.has(key)) byName.set(key, service.port);
        }
      }
    }
  }
  return byName.get(`${protocol ?? ""} ${name}`);
}
