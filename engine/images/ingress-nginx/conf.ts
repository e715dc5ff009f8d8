import type { Settings } from "./annotations.ts";
import type { Location, Model, VirtualServer } from "./model.ts";

/**
 * /etc/nginx/nginx.conf as the controller writes it, in the form of rootfs/etc/nginx/template/nginx.tmpl: a server for each
 * host, a location for each path. What never changes from cluster to cluster is left out.
 */
export function configurationText(model: Model, settings: Settings, checksum: string): string {
  const servers = [...model.servers.values()].sort((a, b) => (a.host < b.host ? -1 : 1));
  return [
    "",
    `# Configuration checksum: ${checksum}`,
    "",
    "# setup custom paths that do not require root access",
    "pid /tmp/nginx/nginx.pid;",
    "",
    "daemon off;",
    "worker_processes 2;",
    "",
    "events {",
    "\tmulti_accept        on;",
    "\tworker_connections  16384;",
    "\tuse                 epoll;",
    "}",
    "",
    "http {",
    `\tserver_tokens ${settings.serverTokens ? "on" : "off"};`,
    "",
    '\tlog_format upstreaminfo \'$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_length $request_time [$proxy_upstream_name] [$proxy_alternative_upstream_name] $upstream_addr $upstream_response_length $upstream_response_time $upstream_status $req_id\';',
    "\taccess_log /var/log/nginx/access.log upstreaminfo;",
    "\terror_log  /var/log/nginx/error.log notice;",
    "",
    "\tupstream upstream_balancer {",
    "\t\tserver 0.0.0.1; # placeholder",
    "\t\tbalancer_by_lua_file /etc/nginx/lua/nginx/ngx_conf_balancer.lua;",
    "\t}",
    "",
    ...servers.flatMap(serverText),
    "\t# backend for when default-backend-service is not configured or it does not have endpoints",
    "\tserver {",
    "\t\tlisten 8181 default_server reuseport backlog=4096;",
    "",
    "\t\tlocation / {",
    "\t\t\treturn 404;",
    "\t\t}",
    "\t}",
    "}",
    "",
  ].join("\n");
}

function serverText(server: VirtualServer): string[] {
  const names = [server.host, ...server.aliases].join(" ");
  const standard = server.host === "_" ? " default_server reuseport backlog=4096" : "";
  const body =
    server.redirectTo === undefined
      ? server.locations.flatMap(locationText)
      : [`\t\treturn 308 $scheme://${server.redirectTo}$request_uri;`, ""];
  return [
    `\t## start server ${server.host}`,
    "\tserver {",
    `\t\tserver_name ${names} ;`,
    "",
    `\t\tlisten 80${standard} ;`,
    `\t\tlisten 443${standard} ssl;`,
    "",
    '\t\tset $proxy_upstream_name "-";',
    "",
    ...body,
    "\t}",
    `\t## end server ${server.host}`,
    "",
  ];
}

function locationText({ path, modifier, backend, ingress, options, rewrite }: Location): string[] {
  const [namespace = "", name = ""] = ingress.split("/");
  const pattern = modifier === "~*" ? `~* "^${path}"` : modifier === "=" ? `= ${path}` : path;
  const lines = [
    `location ${pattern} {`,
    "",
    `\tset $namespace      "${namespace}";`,
    `\tset $ingress_name   "${name}";`,
    `\tset $location_path  "${path}";`,
    `\tset $force_ssl_redirect "${options?.forceSslRedirect ?? false}";`,
    `\tset $ssl_redirect "${options?.sslRedirect ?? true}";`,
    "",
    `\tset $proxy_upstream_name "${backend}";`,
    "",
  ];
  for (const cidr of options?.deny ?? []) lines.push(`\tdeny ${cidr};`);
  for (const cidr of options?.allow ?? []) lines.push(`\tallow ${cidr};`);
  if ((options?.allow.length ?? 0) > 0) lines.push("\tdeny all;");
  if (options?.auth) {
    const [space, secret] = options.auth.secret.split("/");
    lines.push(
      `\tauth_basic "${options.auth.realm}";`,
      `\tauth_basic_user_file /etc/ingress-controller/auth/${space}-${secret}.passwd;`,
    );
  }
  lines.push(
    `\tclient_max_body_size                    ${options?.bodySize ?? 1 << 20};`,
    "",
    `\tproxy_set_header Host                   ${options?.host ? `"${options.host}"` : "$best_http_host"};`,
    "\tproxy_set_header X-Request-ID           $req_id;",
    "\tproxy_set_header X-Real-IP              $remote_addr;",
    "\tproxy_set_header X-Forwarded-For        $remote_addr;",
    "\tproxy_set_header X-Forwarded-Host       $best_http_host;",
    "\tproxy_set_header X-Forwarded-Port       $pass_port;",
    "\tproxy_set_header X-Forwarded-Proto      $pass_access_scheme;",
    "\tproxy_set_header X-Scheme               $pass_access_scheme;",
    "",
    `\tproxy_connect_timeout                   ${options?.connectTimeout ?? 5}s;`,
    `\tproxy_read_timeout                      ${options?.readTimeout ?? 60}s;`,
    "\tproxy_next_upstream                     error timeout;",
    "\tproxy_next_upstream_tries               3;",
    "",
  );
  if (options?.redirect) lines.push(`\treturn ${options.redirect.code} ${options.redirect.to};`, "");
  if (rewrite !== undefined && options !== undefined)
    lines.push(`\trewrite "(?i)${path}" ${options.rewriteTarget} break;`);
  lines.push(
    `\tproxy_pass ${options?.https ? "https" : "http"}://upstream_balancer;`,
    "",
    "\tproxy_redirect                          off;",
    "}",
    "",
  );
  return lines.map((line) => (line === "" ? "" : `\t\t${line}`));
}
