/** Columns of characters on a terminal, as the C library's wcwidth(3) counts them. */

/** East Asian Wide and Fullwidth characters and emoji (Unicode Standard Annex #11), in order; hexadecimal. */
const WIDE: readonly (readonly [number, number])[] = (
  "1100-115f 231a-231b 2329-232a 23e9-23ec 23f0 23f3 25fd-25fe 2614-2615 2630-2637 2648-2653 267f 268a-268f " +
  "2693 26a1 26aa-26ab 26bd-26be 26c4-26c5 26ce 26d4 26ea 26f2-26f3 26f5 26fa 26fd 2705 270a-270b 2728 274c " +
  "274e 2753-2755 2757 2795-2797 27b0 27bf 2b1b-2b1c 2b50 2b55 2e80-3029 302e-303e 3041-3096 309b-3163 " +
  "3165-a4c6 a960-a97c ac00-d7a3 f900-fad9 fe10-fe19 fe30-fe6b ff01-ff60 ffe0-ffe6 16fe0-16fe3 16ff0-1b2fb " +
  "1d300-1d376 1f004 1f0cf 1f18e 1f191-1f19a 1f200-1f320 1f32d-1f335 1f337-1f37c 1f37e-1f393 1f3a0-1f3ca " +
  "1f3cf-1f3d3 1f3e0-1f3f0 1f3f4 1f3f8-1f43e 1f440 1f442-1f4fc 1f4ff-1f53d 1f54b-1f54e 1f550-1f567 1f57a " +
  "1f595-1f596 1f5a4 1f5fb-1f64f 1f680-1f6c5 1f6cc 1f6d0-1f6d2 1f6d5-1f6df 1f6eb-1f6ec 1f6f4-1f6fc 1f7e0-1f7f0 " +
  "1f90c-1f93a 1f93c-1f945 1f947-1f9ff 1fa70-1faf8 20000-323af"
)
  .split(" ")
  .map((range) => {
    const [low, high = low] = range.split("-").map((code) => Number.parseInt(code, 16));
    return [low!, high!] as const;
  });

/** 0 for what joins the character before it, 2 for wide ones, 1 for all others, control characters too. */
export function wcwidth(char: string): 0 | 1 | 2 {
  const code = char.codePointAt(0)!;
  if (code < 0x300) return 1;
  // Hangul, most of what is wide here.
  if (code >= 0xac00 && code <= 0xd7a3) return 2;
  if (/^[\p{Mn}\p{Me}\p{Cf}]/u.test(char) || isMedial(code)) return 0;
  return isWide(code) ? 2 : 1;
}

/** Vowels and final consonants of Hangul, which join the first one, and its filler. */
function isMedial(code: number): boolean {
  return (code >= 0x1160 && code <= 0x11ff) || (code >= 0xd7b0 && code <= 0xd7fb) || code === 0x3164;
}

function isWide(code: number): boolean {
  let [low, high] = [0, WIDE.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const [from, to] = WIDE[middle]!;
    if (code < from) high = middle - 1;
    else if (code > to) low = middle + 1;
    else return true;
  }
  return false;
}
