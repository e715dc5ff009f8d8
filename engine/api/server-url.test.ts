import { expect, it } from "vitest";
import { serverUrl } from "./server-url.ts";

it.each([
  ["https://10.0.0.1:6443", "https://10.0.0.1:6443"],
  ["https://10.0.0.1:6443/", "https://10.0.0.1:6443"],
  ["HTTPS://a/b/?c", "https://a/b"],
  ["10.0.0.1:6443", "http://10.0.0.1:6443"],
  ["10.0.0.1:", "http://10.0.0.1"],
  ["a.b", "http://a.b"],
  [":1", "http://:1"],
  ["/", "http://"],
  ["http://[::1]:80", "http://[::1]:80"],
  ["ftp://a", "ftp://a"],
])("%s is %s", (text, url) => expect(serverUrl(text)).toBe(url));

it.each([
  ["https:/10.0.0.1:6443", 'host must be a URL or a host:port pair: "https:/10.0.0.1:6443"'],
  ["http://", 'host must be a URL or a host:port pair: "http://"'],
  ["http://a b", 'host must be a URL or a host:port pair: "http://a b"'],
  ["http://[::1", 'host must be a URL or a host:port pair: "http://[::1"'],
  ["a:b", 'invalid port ":b" after host'],
])("%s is none: %s", (text, why) => expect(() => serverUrl(text)).toThrow(why));
