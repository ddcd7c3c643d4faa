// Which groups of a step's log are folded. The end of one may not have come yet: then it is folded without end.

import {button, classify, make} from "./line.js";

export class Folds {
  constructor(source, growing) {
    this.source = source;
    this.growing = growing;
    this.folded = new Map(); // the group's line -> [first, end) of what it hides, from 0
  }

  has(at) {
    return this.folded.has(at);
  }

  hides(at) {
    for (const [from, to] of this.folded.values()) if (at >= from && at < to) return true;
    return false;
  }

  /** Adds the button that folds the group of a line; its title goes into it. */
  button(line, at, act) {
    const made = button("", "", act);
    made.setAttribute("aria-expanded", String(!this.has(at)));
    made.append(make("span", "fold", "›"));
    line.append(made);
    return made;
  }

  /** Lines of a stretch that are hidden. */
  count(first, last) {
    let lines = 0;
    for (const [from, to] of this.folded.values()) lines += Math.max(0, Math.min(last, to) - Math.max(first, from));
    return lines;
  }

  async toggle(at) {
    if (this.folded.has(at)) this.folded.delete(at);
    else this.folded.set(at, [at + 1, await this.end(at)]);
  }

  /** Unfolds what hides a line. */
  reveal(at) {
    for (const [group, [from, to]] of this.folded) if (at >= from && at < to) this.folded.delete(group);
  }

  async end(at) {
    let depth = 0;
    for (let here = at; here < this.source.total; here += 1) {
      const line = await this.source.line(here);
      if (!line) return here;
      const kind = classify(line[1])[0];
      if (kind === "group") depth += 1;
      if (kind === "endgroup" && (depth -= 1) === 0) return here + 1;
    }
    return this.growing() ? Infinity : this.source.total;
  }

  /** Looks for ends that had not come; true when one has. */
  async settle() {
    let found = false;
    for (const [at, [from, to]] of [...this.folded]) {
      if (to !== Infinity) continue;
      const end = await this.end(at);
      if (end === Infinity || !this.folded.has(at)) continue;
      this.folded.set(at, [from, end]);
      found = true;
    }
    return found;
  }
}
