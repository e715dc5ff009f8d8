/** jq's functions that are written in jq; with it come those that the host computes. */
import "./builtins.ts";
import "./builtins-dates.ts";
import "./builtins-math.ts";
import "./builtins-regex.ts";
import { parseJq } from "./program.ts";
import type { Env } from "./stream.ts";

const LIBRARY = `
def map(f): [.[] | f];
def select(f): if f then . else empty end;
def recurse: ..;
def recurse(f): def r: ., (f | r); r;
def recurse(f; cond): def r: ., (f | select(cond) | r); r;
def values: select(. != null);
def nulls: select(. == null);
def booleans: select(type == "boolean");
def numbers: select(type == "number");
def strings: select(type == "string");
def arrays: select(type == "array");
def objects: select(type == "object");
def iterables: select(type == "array" or type == "object");
def scalars: select(type != "array" and type != "object");
def map_values(f): .[] |= f;
def to_entries: [keys_unsorted[] as $k | {key: $k, value: .[$k]}];
def from_entries: reduce .[] as $x ({}; . + { ($x | if .key == null then .k // .name // .Name // .K // .Key | if . == null then "null" elif type == "string" then . else tojson end else .key | if type == "string" then . else tojson end end): ($x | if has("value") then .value elif has("v") then .v else .Value end) });
def with_entries(f): to_entries | map(f) | from_entries;
def del(f): delpaths([path(f)]);
def paths: path(..) | select(length > 0);
def paths(node_filter): . as $dot | paths | select(. as $p | $dot | getpath($p) | node_filter);
def range($x): range(0; $x);
def while(cond; update): def _w: if cond then ., (update | _w) else empty end; _w;
def until(cond; update): def _u: if cond then . else update | _u end; _u;
def repeat(f): def _r: f, _r; _r;
def first: .[0];
def last: .[-1];
def last(f): reduce f as $x (null; $x);
def isempty(g): label $go | (g | false, break $go), true;
def any: reduce .[] as $x (false; . or $x);
def all: reduce .[] as $x (true; . and $x);
def any(f): any(.[]; f);
def all(f): all(.[]; f);
def any(g; f): isempty(first(g | f | select(.))) | not;
def all(g; f): isempty(first(g | f | select(. | not)));
def in(xs): . as $x | xs | has($x);
def inside(xs): . as $x | xs | contains($x);
def index($i): indices($i) | .[0];
def rindex($i): indices($i) | .[-1:][0];
def ascii_downcase: explode | map(if 65 <= . and . <= 90 then . + 32 else . end) | implode;
def ascii_upcase: explode | map(if 97 <= . and . <= 122 then . - 32 else . end) | implode;
def todate: strftime("%Y-%m-%dT%H:%M:%SZ");
def fromdateiso8601: strptime("%Y-%m-%dT%H:%M:%SZ") | mktime;
def todateiso8601: strftime("%Y-%m-%dT%H:%M:%SZ");
def fromdate: fromdateiso8601;
def match(re): match(re; null);
def match($re; $flags): _match($re; $flags; false) | .[];
def test($re): test($re; null);
def test($re; $flags): _match($re; $flags; true);
def capture(re): capture(re; null);
def capture(re; mods): match(re; mods) | _capture_object;
def _capture_object: [.captures | .[] | select(.name != null) | {key: .name, value: .string}] | from_entries;
def scan($re): scan($re; null);
def scan($re; $flags): match($re; "g" + $flags) | if (.captures | length > 0) then [.captures | .[] | .string] else .string end;
def split($re; flags): . as $s | [foreach ((match($re; flags + "g") | [.offset, .length]), null) as $m ([0, null]; if $m == null then [.[0], $s[.[0]:]] else [$m[0] + $m[1], $s[.[0]:$m[0]]] end; .[1])];
def splits($re): splits($re; null);
def splits($re; flags): split($re; flags) | .[];
def sub($re; str; $flags): . as $in | [reduce match($re; $flags) as $m ({at: 0, out: []}; $in[.at:$m.offset] as $gap | [$m | _capture_object | str] as $with | reduce range($with | length) as $i (.; .out[$i] = (.out[$i] // "") + $gap + $with[$i]) | .at = $m.offset + $m.length) | .out[] + $in[.at:]] | if . == [] then $in else .[] end;
def sub($re; str): sub($re; str; "");
def gsub($re; str; $flags): sub($re; str; $flags + "g");
def gsub($re; str): sub($re; str; "g");
def join($x): (reduce .[] as $i (null; (if . == null then "" else . + $x end) + ($i | if . == null then "" elif type == "boolean" or type == "number" then tojson else . end))) | . // "";
def flatten: _flatten(1e9);
def flatten($x): if $x < 0 then error("flatten depth must not be negative") else _flatten($x) end;
def input_line_number: _input_line_number;
def combinations: if length == 0 then [] else .[0][] as $x | (.[1:] | combinations) as $w | [$x] + $w end;
def combinations(n): . as $dot | [range(n)] | map($dot) | combinations;
def walk(f): def w: if type == "object" then map_values(w) elif type == "array" then map(w) else . end | f; w;
def transpose: if . == [] then [] else . as $in | (map(length) | max) as $max | [range(0; $max) as $j | [range(0; $in | length) as $i | $in[$i][$j]]] end;
def tostream: path(def r: (.[]?|r), .; r) as $p | getpath($p) | reduce path(.[]?) as $q ([$p, .]; [$p + $q]);
def fromstream(f): {x: null, e: false} as $init | foreach f as $i ($init; if .e then $init else . end | if $i | length == 2 then setpath(["e"]; $i[0] | length == 0) | setpath(["x"] + $i[0]; $i[1]) else setpath(["e"]; $i[0] | length == 1) end; if .e then .x else empty end);
def truncate_stream(stream): . as $n | null | stream | . as $input | if (.[0] | length) > $n then setpath([0]; .[0][$n:]) else empty end;
def first(f): label $out | (f | ., break $out);
def nth($n): .[$n];
def nth($n; f): if $n < 0 then error("nth doesn't support negative indices") else _nth($n; f) end;
def IN(s): any(s == .; .);
def IN(src; s): any(src == s; .);
def INDEX(stream; idx_expr): reduce stream as $row ({}; .[$row | idx_expr | tostring] |= $row);
def INDEX(idx_expr): INDEX(.[]; idx_expr);
def JOIN($idx; idx_expr): [.[] | [., $idx[idx_expr]]];
def JOIN($idx; stream; idx_expr): stream | [., $idx[idx_expr]];
def JOIN($idx; stream; idx_expr; join_expr): stream | [., $idx[idx_expr]] | join_expr;
def finites: select(isinfinite or isnan | not);
def normals: select(isnormal);
def group_by(f): _group_by(map([f]));
def unique_by(f): [_group_by(map([f])) | .[] | .[0]];
def unique: unique_by(.);
def sort_by(f): _sort_by(map([f]));
def max_by(f): _max_by(map([f]));
def min_by(f): _min_by(map([f]));
def pick(pathexps): . as $top | reduce path(pathexps) as $p (null; setpath($p; $top | getpath($p)));
def debug(msg): (msg | debug | empty), .;
def abs: if type == "number" and . < 0 then -. else . end;
def halt_error: halt_error(5);
def error(msg): msg | error;
def input_filename: _input_filename;
`;

let library: Env | undefined;

/** The functions written in jq. */
export function libraryEnv(): Env {
  if (library === undefined) {
    let env: Env = { t: "root" };
    let ast = parseJq(`${LIBRARY}.`);
    while (ast.t === "def") {
      const def = { params: ast.params, body: ast.body, env: undefined as Env | undefined };
      env = { t: "def", name: ast.name, arity: ast.params.length, def, up: env };
      def.env = env;
      ast = ast.rest;
    }
    // Definitions see those before and after them.
    for (let at: Env = env; at.t !== "root"; at = at.up) if (at.t === "def") at.def.env = env;
    library = env;
  }
  return library;
}
