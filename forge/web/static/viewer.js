// One step's log as a virtual list. Bounded: a few clusters of lines stand in the page, whatever the total.

import {PLAIN, apply, draw, segments} from "./ansi.js";
import {CLASSES, WORDS, classify, make} from "./line.js";

const PAGE = 1000;
const CLUSTER = 25;
const KEPT_PAGES = 40;
const LONGEST = 4096;
/** Lines in one scroll box: browsers lose count of pixels above some 17 million. */
const WINDOW = 500000;

export class Viewer {
  constructor(details, address, showTimes) {
    this.details = details;
    this.step = details.dataset.step;
    this.address = address;
    this.total = 0; // lines that are known of, by whatever way the news came
    this.shaped = 0; // lines that heights and drawing have taken in
    this.base = 0;
    this.pages = new Map();
    this.loading = new Map();
    this.wanted = new Set();
    this.drawn = new Map();
    this.folded = new Map();
    this.heights = [];
    this.tops = [];
    this.hit = [0, 0];
    this.following = false; // stays at the end of what grows
    this.stick = false; // stays at the end until the person scrolls: heights are known only once drawn
    this.onfollow = () => {};
    this.showTimes = showTimes;
    this.unseen = 0;
    this.started = null;
  }

  get growing() {
    return this.details.dataset.status !== "completed";
  }

  /** Takes the place of the server's lines; resolves when the first are drawn. */
  start() {
    this.started = this.started || this.begin();
    return this.started;
  }

  async begin() {
    this.build();
    const first = this.growing || this.details.querySelector(".s-failure, .s-timed_out") ? "last" : 0;
    const ok = await this.load(first);
    if (!ok) return;
    this.following = this.growing;
    this.stick = first === "last";
    this.settle();
    if (first === "last" && this.box.getBoundingClientRect().bottom > window.innerHeight) this.details.scrollIntoView();
    this.onfollow();
  }

  build() {
    for (const old of this.details.querySelectorAll(":scope > :not(summary)")) old.remove();
    this.note = make("p", "note");
    this.note.hidden = true;
    this.earlier = this.button("Earlier lines", () => this.moveWindow(-1));
    this.later = this.button("Later lines", () => this.moveWindow(1));
    this.box = make("div", "log");
    this.box.tabIndex = 0;
    this.box.setAttribute("role", "region");
    this.box.setAttribute("aria-label", "Log of " + this.details.querySelector("h2").textContent);
    this.list = make("div", "vlog");
    this.jump = make("div", "jump");
    this.jumpButton = make("button", "btn", "Jump to latest");
    this.jumpButton.type = "button";
    this.jump.append(this.jumpButton);
    this.jump.hidden = true;
    this.box.append(this.list, this.jump);
    this.details.append(this.earlier, this.note, this.box, this.later);
    this.line = parseFloat(getComputedStyle(this.box).lineHeight) || 20;
    this.setTimes(this.showTimes);
    this.box.addEventListener("scroll", () => this.scrolled(), {passive: true});
    this.box.addEventListener("click", (event) => this.clicked(event));
    this.jumpButton.addEventListener("click", () => this.setFollow(true));
    new ResizeObserver(() => this.resized()).observe(this.box);
  }

  button(text, act) {
    const bar = make("div", "more");
    const button = make("button", "btn", text);
    button.type = "button";
    button.addEventListener("click", act);
    bar.append(button);
    bar.hidden = true;
    return bar;
  }

  /** Fetches a page once; true when it is there. A failure is said where the lines would be. */
  load(number) {
    if (!this.loading.has(number)) {
      const work = this.fetchPage(number).finally(() => this.loading.delete(number));
      this.loading.set(number, work);
    }
    return this.loading.get(number);
  }

  async fetchPage(number) {
    try {
      const answer = await fetch(`${this.address}?step=${this.step}&page=${number}`);
      if (!answer.ok) throw new Error(answer.status === 410 ? "This log has been deleted." : "The log could not be read.");
      const data = await answer.json();
      this.total = Math.max(this.total, data.total);
      this.keep(data.from / PAGE, {lines: data.lines, style: apply(PLAIN, data.sgr), depth: data.groups.length});
      this.note.hidden = this.total > 0;
      if (!this.total) this.note.textContent = this.nothing(data.held);
      this.box.hidden = this.total === 0;
      return true;
    } catch (error) {
      this.failed(error, number);
      return false;
    }
  }

  nothing(held) {
    if (held) return "This step runs beside others: its log appears here when it and they are done writing.";
    return this.growing ? "Nothing printed yet." : "This step printed nothing.";
  }

  failed(error, number) {
    this.note.hidden = false;
    this.note.textContent = (error.message || "The log could not be read.") + " ";
    const retry = make("button", "btn", "Retry");
    retry.type = "button";
    retry.addEventListener("click", async () => {
      if (await this.load(number)) this.render();
    });
    this.note.append(retry);
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

  get count() {
    return Math.min(WINDOW, this.total - this.base);
  }

  /** Heights for every cluster of the window: measured ones stay, folded lines count nothing. */
  reshape() {
    if (this.total > this.shaped) this.undraw(Math.floor((this.shaped - this.base) / CLUSTER)); // was not full
    this.shaped = this.total;
    const clusters = Math.ceil(this.count / CLUSTER);
    const before = this.heights.length;
    this.heights.length = clusters;
    for (let at = 0; at < clusters; at += 1) {
      if (at >= before - 1 || this.heights[at] === undefined) this.heights[at] = this.guess(at);
    }
    this.earlier.hidden = this.base === 0;
    this.later.hidden = this.base + this.count >= this.total;
    this.layout();
  }

  /** Shapes lines that are known of and not shaped: pages that were fetched tell of more, not only the stream. */
  takeIn() {
    if (this.shaped !== this.total) this.reshape();
  }

  undraw(cluster) {
    const element = this.drawn.get(cluster);
    if (element) element.remove();
    this.drawn.delete(cluster);
  }

  guess(cluster) {
    const first = this.base + cluster * CLUSTER;
    const last = Math.min(first + CLUSTER, this.base + this.count);
    let lines = last - first;
    for (const [from, to] of this.folded.values()) lines -= Math.max(0, Math.min(last, to) - Math.max(first, from));
    return Math.max(0, lines) * this.line;
  }

  layout() {
    let top = 0;
    this.tops.length = this.heights.length;
    for (let at = 0; at < this.heights.length; at += 1) {
      this.tops[at] = top;
      top += this.heights[at];
    }
    this.height = top;
    this.list.style.height = top + "px";
    for (const [cluster, element] of this.drawn) element.style.top = this.tops[cluster] + "px";
  }

  clusterAt(place) {
    let low = 0;
    let high = this.tops.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.tops[middle] <= place) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Draws what is on the screen and a little more, and takes away the rest. */
  render() {
    this.takeIn();
    if (!this.heights.length) return;
    const top = this.box.scrollTop;
    const first = this.clusterAt(top - 200);
    const last = this.clusterAt(top + this.box.clientHeight + 200);
    for (const cluster of [...this.drawn.keys()]) {
      if (cluster < first || cluster > last) this.undraw(cluster);
    }
    let moved = false;
    for (let cluster = first; cluster <= last; cluster += 1) {
      if (this.heights[cluster] > 0 && !this.drawn.has(cluster)) moved = this.place(cluster) || moved;
    }
    if (!moved) return;
    const anchor = this.clusterAt(top);
    const within = top - this.tops[anchor];
    this.layout();
    if (this.following || this.stick) this.toEnd();
    else if (this.tops[anchor] + within !== top) this.scrollTo(this.tops[anchor] + within);
  }

  /** Puts one cluster in its place; true when it is not as high as was thought. */
  place(cluster) {
    const first = this.base + cluster * CLUSTER;
    const number = Math.floor(first / PAGE);
    const page = this.pages.get(number);
    const wanted = Math.min(CLUSTER, this.base + this.count - first);
    if (!page || page.lines.length < (first % PAGE) + wanted) {
      this.want(number, page ? page.lines.length : -1);
      return false;
    }
    const element = make("div");
    element.style.top = this.tops[cluster] + "px";
    for (let at = 0; at < wanted; at += 1) this.addLine(element, page, (first % PAGE) + at, first + at);
    this.list.append(element);
    this.drawn.set(cluster, element);
    const height = element.offsetHeight;
    if (height === this.heights[cluster]) return false;
    this.heights[cluster] = height;
    return true;
  }

  /** Draws once more when a page has come, however many clusters wait for it; else each drawing would ask for more. */
  async want(number, had) {
    if (this.wanted.has(number)) return;
    this.wanted.add(number);
    await this.load(number);
    this.wanted.delete(number);
    const now = this.pages.get(number);
    if (now && now.lines.length > had) this.render(); // else it would be asked for without end
  }

  addLine(target, page, index, number) {
    for (const [from, to] of this.folded.values()) if (number >= from && number < to) return;
    this.prepare(page, index);
    const [kind, text] = classify(page.lines[index][1]);
    if (kind === "endgroup") return;
    const line = make("div", "ln");
    if (kind) line.classList.add(CLASSES[kind]);
    else if (page.depths[index]) line.classList.add("in");
    if (number + 1 >= this.hit[0] && number + 1 <= this.hit[1]) line.classList.add("hit");
    line.dataset.n = number + 1;
    line.dataset.t = page.lines[index][0] ? new Date(page.lines[index][0]).toISOString().slice(11, 19) : "";
    let into = line;
    if (kind === "group") into = this.groupButton(line, number);
    if (WORDS[kind]) line.append(make("b", "", WORDS[kind]));
    draw(into, text.length > LONGEST ? text.slice(0, LONGEST) : text, page.styles[index]);
    if (text.length > LONGEST) line.append(make("span", "dm", ` … ${text.length - LONGEST} more characters stand in the raw log`));
    target.append(line);
  }

  groupButton(line, number) {
    const button = make("button");
    button.type = "button";
    button.setAttribute("aria-expanded", String(!this.folded.has(number)));
    button.append(make("span", "fold", "›"));
    button.addEventListener("click", () => this.fold(number));
    line.append(button);
    return button;
  }

  /** Folds a group, or unfolds it. Its end is looked for in the pages that follow. */
  async fold(number) {
    if (this.folded.has(number)) this.folded.delete(number);
    else this.folded.set(number, [number + 1, await this.endOf(number)]);
    this.redraw();
  }

  async endOf(number) {
    let depth = 0;
    for (let at = number; at < this.total; at += 1) {
      const page = Math.floor(at / PAGE);
      if (!this.pages.has(page) && !(await this.load(page))) return at;
      const line = this.pages.get(page).lines[at % PAGE];
      if (!line) return at;
      const kind = classify(line[1])[0];
      if (kind === "group") depth += 1;
      if (kind === "endgroup" && (depth -= 1) === 0) return at + 1;
    }
    return this.total;
  }

  redraw() {
    for (const element of this.drawn.values()) element.remove();
    this.drawn.clear();
    this.heights = [];
    this.reshape();
    this.render();
  }

  moveWindow(direction) {
    this.base = Math.max(0, Math.min(this.base + direction * WINDOW, Math.floor((this.total - 1) / WINDOW) * WINDOW));
    this.redraw();
    this.scrollTo(direction > 0 ? 0 : this.height);
  }

  scrollTo(place) {
    const before = this.box.scrollTop;
    this.box.scrollTop = place;
    if (this.box.scrollTop !== before) this.own = true; // else no event comes that could take it back
  }

  /** Draws the end, twice: what was drawn first may be higher than was thought. */
  settle() {
    for (let round = 0; round < 3 && (this.following || this.stick); round += 1) {
      this.toEnd();
      this.render();
    }
    this.render();
  }

  toEnd() {
    this.takeIn();
    const base = Math.floor(Math.max(0, this.total - 1) / WINDOW) * WINDOW;
    if (base !== this.base) {
      this.base = base;
      this.redraw();
    }
    this.scrollTo(this.height + 1000);
  }

  scrolled() {
    const mine = this.own;
    this.own = false;
    if (!mine) this.stick = false;
    if (!mine && this.growing) {
      const atEnd = this.box.scrollTop + this.box.clientHeight >= this.height - 8;
      if (atEnd !== this.following) this.setFollow(atEnd, true);
    }
    if (!this.frame) {
      this.frame = requestAnimationFrame(() => {
        this.frame = 0;
        this.render();
      });
    }
  }

  setFollow(on, stay = false) {
    this.following = on;
    if (on) this.unseen = 0;
    if (on && !stay) this.settle();
    this.showJump();
    this.onfollow();
  }

  showJump() {
    this.jump.hidden = this.following || !this.growing || this.unseen === 0;
    this.jumpButton.textContent = `Jump to latest (${this.unseen} new)`;
  }

  /** Shows one line in the middle, and marks it or a range. */
  async goTo(first, last) {
    this.following = this.stick = false;
    this.hit = [Math.min(first, last), Math.max(first, last)];
    const at = Math.min(Math.max(first - 1, 0), Math.max(this.total - 1, 0));
    const base = Math.floor(at / WINDOW) * WINDOW;
    this.base = base;
    await this.load(Math.floor(at / PAGE));
    this.redraw();
    for (let round = 0; round < 3; round += 1) {
      const line = this.list.querySelector(`[data-n="${at + 1}"]`);
      const cluster = Math.floor((at - base) / CLUSTER);
      const place = line ? line.parentElement.offsetTop + line.offsetTop : this.tops[cluster] + ((at - base) % CLUSTER) * this.line;
      this.scrollTo(Math.max(0, place - this.box.clientHeight / 2));
      this.render();
    }
    this.box.scrollIntoView({block: "nearest"});
    this.onfollow();
  }

  clicked(event) {
    const line = event.target.closest(".ln");
    if (!line || event.target.closest("a, button") || event.clientX - line.getBoundingClientRect().left > 60) return;
    const number = Number(line.dataset.n);
    const from = event.shiftKey && this.hit[0] ? this.hit[0] : number;
    this.hit = [Math.min(from, number), Math.max(from, number)];
    history.replaceState(null, "", `#s${this.step}-L${this.hit[0]}` + (this.hit[0] === this.hit[1] ? "" : `-L${this.hit[1]}`));
    for (const one of this.list.querySelectorAll(".ln")) {
      one.classList.toggle("hit", Number(one.dataset.n) >= this.hit[0] && Number(one.dataset.n) <= this.hit[1]);
    }
  }

  setTimes(on) {
    this.showTimes = on;
    if (this.box) this.box.classList.toggle("times", on);
  }

  resized() {
    const line = parseFloat(getComputedStyle(this.box).lineHeight) || 20;
    const changed = line !== this.line || this.width !== this.box.clientWidth;
    this.line = line;
    this.width = this.box.clientWidth;
    if (changed && this.total) this.redraw();
    this.settle();
  }

  /** Lines that have just come; those that are known already are left out, a gap is fetched when looked at. */
  append(from, lines) {
    if (!this.box || from + lines.length <= this.total) return;
    const fresh = from <= this.total ? lines.slice(this.total - from) : lines;
    let at = Math.max(from, this.total);
    for (const line of fresh) {
      this.push(at, line);
      at += 1;
    }
    this.unseen += at - this.total;
    this.total = at;
    this.grown();
  }

  push(at, line) {
    const number = Math.floor(at / PAGE);
    let page = this.pages.get(number);
    if (!page && at % PAGE === 0) page = this.nextPage(number, at);
    if (page && page.lines.length === at % PAGE) page.lines.push(line);
    else if (page && page.lines.length < at % PAGE) this.pages.delete(number); // a gap: fetched when looked at
  }

  /** A new page that begins where a full one ends. */
  nextPage(number, at) {
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

  grown() {
    this.note.hidden = true;
    this.box.hidden = false;
    this.settle();
    this.showJump();
  }

  /** The cursor was lost, or the end has come: learn the total anew. */
  async resync() {
    if (!this.started) return;
    await this.loading.get("last"); // what is under way was asked for before this news
    if ((await this.load("last")) && this.total) this.grown();
  }

  update() {
    if (!this.growing) this.following = false;
    if (this.box) this.showJump();
  }
}
