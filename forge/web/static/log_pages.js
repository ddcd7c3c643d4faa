// The lines of one step, a thousand to a page: fetched once, kept while they are few, grown by what comes live.

import {PLAIN, apply, segments} from "./ansi.js";
import {classify} from "./line.js";
import {load} from "./requests.js";

export const PAGE = 1000;
const KEPT_PAGES = 40;
const NEAR = 300; // lines

export class Pages {
  constructor(address, step) {
    this.address = address;
    this.step = step;
    this.total = 0; // lines that are known of, by whatever way the news came
    this.started = 0; // ms since 1970
    this.files = {base: document.body.dataset.blob, known: new Set()}; // of the run's commit, as far as lines name them
    this.pages = new Map();
    this.loading = new Map();
    this.onload = () => {};
    this.onfail = () => {};
  }

  /** Fetches a page once; true when it is there. */
  load(number) {
    if (!this.loading.has(number)) {
      const work = this.fetch(number).finally(() => this.loading.delete(number));
      this.loading.set(number, work);
    }
    return this.loading.get(number);
  }

  /** Fetches the page of a line (from 0), and the next one to it where that is near. True when the first is there. */
  loadAround(at) {
    const number = Math.floor(at / PAGE);
    const work = this.load(number);
    const beside = Math.floor((at % PAGE < PAGE / 2 ? at - NEAR : at + NEAR) / PAGE);
    if (beside >= 0 && beside !== number) this.load(beside);
    return work;
  }

  async fetch(number) {
    try {
      const data = await load(`${this.address}?step=${this.step}&page=${number}`, this.named(number) + " could not be read");
      this.total = Math.max(this.total, data.total);
      this.started = data.started || this.started;
      for (const path of data.files || []) this.files.known.add(path);
      this.keep(data.from / PAGE, {lines: data.lines, style: apply(PLAIN, data.sgr), depth: data.groups.length});
      this.onload(data, number);
      return true;
    } catch (error) {
      this.onfail(error, number);
      return false;
    }
  }

  /** A page in words. */
  named(number) {
    if (number === "last" || !this.total) return "The log";
    const [first, last] = [number * PAGE + 1, Math.min((number + 1) * PAGE, this.total)];
    return `Lines ${first.toLocaleString("en")} to ${last.toLocaleString("en")}`;
  }

  keep(number, page) {
    const known = this.pages.get(number);
    if (known && known.lines.length > page.lines.length) return; // an older answer that came late
    page.styles = [];
    page.depths = [];
    this.pages.delete(number);
    this.pages.set(number, page);
    for (const old of this.pages.keys()) {
      if (this.pages.size <= KEPT_PAGES) break;
      this.pages.delete(old);
    }
  }

  /** Colour and depth where a line of a page begins, worked out once for all lines before it. */
  prepare(page, index) {
    for (let at = page.styles.length; at <= index; at += 1) {
      if (at === 0) {
        page.styles.push(page.style);
        page.depths.push(page.depth);
        continue;
      }
      const [kind, text] = classify(page.lines[at - 1][1]);
      page.styles.push(text.includes("\x1b") || text.includes("\x9b") ? segments(text, page.styles[at - 1])[1] : page.styles[at - 1]);
      const step = kind === "group" ? 1 : kind === "endgroup" ? -1 : 0;
      page.depths.push(Math.max(0, page.depths[at - 1] + step));
    }
  }

  /** The line of this number (from 0), fetched if need be; undefined when there is none. */
  async line(at) {
    const number = Math.floor(at / PAGE);
    const here = () => this.pages.get(number)?.lines[at % PAGE];
    if (!here() && at < this.total) await this.load(number);
    return here();
  }

  /** A line as the server has it, however long. */
  async whole(number) {
    return (await load(`${this.address}?step=${this.step}&line=${number}`, "The line could not be read")).line[1];
  }

  /** Lines that have just come; those that are known already are left out, a gap is fetched when looked at. */
  append(from, lines) {
    if (from + lines.length <= this.total) return 0;
    const fresh = from <= this.total ? lines.slice(this.total - from) : lines;
    const before = this.total;
    let at = Math.max(from, this.total);
    for (const line of fresh) {
      this.push(at, line);
      at += 1;
    }
    this.total = at;
    return at - before;
  }

  push(at, line) {
    const number = Math.floor(at / PAGE);
    let page = this.pages.get(number);
    if (!page && at % PAGE === 0) page = this.next(number, at);
    if (page && page.lines.length === at % PAGE) page.lines.push(line);
    else if (page && page.lines.length < at % PAGE) this.pages.delete(number); // a gap: fetched when looked at
  }

  /** A new page that begins where a full one ends. */
  next(number, at) {
    const before = this.pages.get(number - 1);
    if (at !== 0 && (!before || before.lines.length !== PAGE)) return undefined;
    let start = {style: PLAIN, depth: 0};
    if (before) {
      before.lines.push([0, ""]); // to learn what is in force behind the last line
      this.prepare(before, PAGE);
      before.lines.pop();
      start = {style: before.styles.pop(), depth: before.depths.pop()};
    }
    this.keep(number, {lines: [], ...start});
    return this.pages.get(number);
  }
}
