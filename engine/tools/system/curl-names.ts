/** curl's options by their kinds. */

/** Short option letters with their long names. */
export const LETTERS: Record<string, string> = {
  d: "data",
  f: "fail",
  h: "help",
  i: "include",
  I: "head",
  o: "output",
  O: "remote-name",
  s: "silent",
  S: "show-error",
  u: "user",
  A: "user-agent",
  v: "verbose",
  V: "version",
  w: "write-out",
  k: "insecure",
  L: "location",
  H: "header",
  X: "request",
  m: "max-time",
  G: "get",
  E: "cert",
  D: "dump-header",
  e: "referer",
  b: "cookie",
  c: "cookie-jar",
  x: "proxy",
  "#": "progress-bar",
  N: "no-buffer",
  4: "ipv4",
  6: "ipv6",
  "0": "http1.0",
  j: "junk-session-cookies",
  T: "upload-file",
  F: "form",
  r: "range",
  R: "remote-time",
  C: "continue-at",
  J: "remote-header-name",
  Z: "parallel",
  "1": "tlsv1",
  q: "disable",
  g: "globoff",
  K: "config",
  z: "time-cond",
  U: "proxy-user",
  n: "netrc",
  Q: "quote",
  a: "append",
  B: "use-ascii",
  l: "list-only",
  P: "ftp-port",
  t: "telnet-option",
  y: "speed-time",
  Y: "speed-limit",
  p: "proxytunnel",
};

/** Options without a value. */
export const FLAGS = new Set(
  "fail include head remote-name silent show-error verbose version insecure location get progress-bar no-buffer ipv4 ipv6 http1.0 http1.1 http2 compressed no-progress-meter fail-with-body disable globoff junk-session-cookies http2-prior-knowledge tlsv1.2 tlsv1.3 path-as-is create-dirs fail-early parallel location-trusted no-keepalive no-alpn raw retry-connrefused retry-all-errors ssl tlsv1 tlsv1.0 tlsv1.1 remote-time remote-header-name remote-name-all styled-output tcp-nodelay tcp-fastopen anyauth basic digest negotiate ntlm http0.9 http3 doh-insecure proxy-insecure cert-status false-start post301 post302 post303 trace-time clobber sessionid netrc netrc-optional append list-only ftp-pasv stderr-to-stdout ignore-content-length haproxy-protocol suppress-connect-headers use-ascii proxytunnel".split(
    " ",
  ),
);
/** Options with one. */
export const VALUED = new Set(
  "data data-raw data-binary data-ascii data-urlencode json output user user-agent write-out header request max-time connect-timeout resolve connect-to dns-interface netrc-file cacert capath cert key cert-type key-type dump-header referer cookie cookie-jar proxy noproxy retry retry-delay retry-max-time max-redirs interface oauth2-bearer unix-socket limit-rate url ciphers form upload-file range continue-at tls-max proto proto-default proto-redir request-target tls13-ciphers dns-servers local-port keepalive-time speed-limit speed-time max-filesize output-dir trace trace-ascii stderr config variable aws-sigv4 pinnedpubkey proxy-user proxy-header socks5 socks5-hostname socks4 expect100-timeout happy-eyeballs-timeout-ms etag-save etag-compare form-string pass crlfile engine url-query time-cond quote ftp-port telnet-option retry-max-time".split(
    " ",
  ),
);
