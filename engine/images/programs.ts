import type { Program } from "../machine/process.ts";
import { df } from "./applets/df.ts";
import { factor, hostid, killall, tree, usleep } from "./applets/files.ts";
import { free } from "./applets/free.ts";
import { httpd } from "./applets/httpd.ts";
import { arp, dnsdomainname, ifconfig, route, telnet } from "./applets/net.ts";
import { basePrograms } from "./bases.ts";
import { busyboxProgram, oldBusyboxProgram } from "./busybox.ts";
import { fabricPrograms } from "./gateway-fabric/index.ts";
import { ingressPrograms } from "./ingress-nginx/index.ts";
import { localPathPrograms } from "./local-path/index.ts";
import { metallbPrograms } from "./metallb/index.ts";
import { nginxEntrypoint } from "./nginx/entrypoint.ts";
import { nginxProgram } from "./nginx/program.ts";
import { pauseProgram } from "./pause.ts";
import { proportionalPrograms } from "./proportional-autoscaler/index.ts";
import { catalogPrograms } from "./servers/catalog/index.ts";
import { databasePrograms } from "./servers/databases.ts";
import { demoPrograms } from "./servers/demo.ts";
import { guestbookPrograms } from "./servers/guestbook.ts";
import { hpaExamplePrograms } from "./servers/hpa-example.ts";
import { apache } from "./servers/httpd.ts";
import { languagePrograms } from "./servers/languages.ts";
import { redisPrograms } from "./servers/redis.ts";
import { stressPrograms } from "./servers/stress.ts";
import { zookeeperPrograms } from "./servers/zookeeper.ts";

/** Programs that come with images, by the name their executables carry. */
export const imagePrograms: Readonly<Record<string, Program>> = {
  busybox: busyboxProgram,
  "busybox-1.28": oldBusyboxProgram,
  "busybox-arp": arp,
  "busybox-df": df,
  "busybox-dnsdomainname": dnsdomainname,
  "busybox-factor": factor,
  "busybox-free": free,
  "busybox-hostid": hostid,
  "busybox-httpd": httpd,
  "busybox-ifconfig": ifconfig,
  "busybox-killall": killall,
  "busybox-route": route,
  "busybox-telnet": telnet,
  "busybox-tree": tree,
  "busybox-usleep": usleep,
  nginx: nginxProgram,
  "nginx-entrypoint": nginxEntrypoint,
  pause: pauseProgram,
  apache,
  ...fabricPrograms,
  ...ingressPrograms,
  ...metallbPrograms,
  ...localPathPrograms,
  ...proportionalPrograms,
  ...hpaExamplePrograms,
  ...guestbookPrograms,
  ...redisPrograms,
  ...zookeeperPrograms,
  ...basePrograms,
  ...catalogPrograms,
  ...databasePrograms,
  ...demoPrograms,
  ...languagePrograms,
  ...stressPrograms,
};
