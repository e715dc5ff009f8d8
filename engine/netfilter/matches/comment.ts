import type { MatchExtension } from "../extension.ts";
import { bounded, quoted } from "../numbers.ts";
import type { Match } from "../types.ts";

/** `-m comment`: a text that always matches (libxt_comment.c). */
class CommentMatch implements Match {
  readonly name = "comment";
  text = "";

  save(): string {
    return ` --comment${quoted(this.text)}`;
  }

  list(): string {
    return ` /* ${this.text} */`;
  }

  test(): boolean {
    return true;
  }
}

/** Neighbours in a chain often bear the same comment. */
let last = new CommentMatch();

export const comment: MatchExtension = {
  name: "comment",
  options: [
    {
      name: "comment",
      mandatory: true,
      read(match, value) {
        (match as CommentMatch).text = bounded(value, 255);
      },
    },
  ],
  create: () => new CommentMatch(),
  share(made) {
    if (last.text !== (made as CommentMatch).text) last = made as CommentMatch;
    return last;
  },
};

/** The text of a rule's comment, if this is one. */
export function commentOf(match: Match): string | undefined {
  return match instanceof CommentMatch ? match.text : undefined;
}
