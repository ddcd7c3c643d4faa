// One step's log as a virtual list. Bounded: a few clusters of lines stand in the page, whatever the total.

import {button, lineElement, make, more, nothing, plain, redrawLine} from "./line.js";
import {before, lineHeight} from "./log_before.js";
import {Failures} from "./log_failures.js";
import {Folds} from "./log_folds.js";
import {dress, options} from "./log_options.js";
import {Pace} from "./log_pace.js";
import {PAGE, Pages} from "./log_pages.js";

const CLUSTER = 25;
/** Lines in one scroll box: browsers lose count of pixels above some 17 million. */
const WINDOW = 500000;

export class Viewer {
  constructor(details, address) {
    this.details = details;
    this.step = details.dataset.step;
    this.source = new Pages(address, this.step);
    this.failures = new Failures((number) => this.retry(number));
    this.source.onload = (data, number) => this.loaded(data, number);
    this.source.onfail = (error, number) => this.failures.add(number, error);
    this.shaped = 0; // lines that heights and drawing have taken in
    this.base = 0;
    this.wanted = new Set();
    this.pace = new Pace();
    this.drawn = new Map();
    this.folds = new Folds(this.source, () => this.growing);
    this.heights = [];
    this.tops = [];
    this.hit = [0, 0]; // marked by the person, or by the address
    this.found = 0; // the line that a search, or the way from error to error, has come to
    this.following = false; // stays at the end of what grows
    this.stick = false; // stays at the end until the person scrolls: heights are known only once drawn
    this.onfollow = () => {};
    this.onmark = () => {};
    this.ondraw = () => {};
    this.unseen = 0;
    this.onPaper = false; // what is drawn stays drawn
    this.started = null;
  }

  get growing() {
    return this.details.dataset.status !== "completed";
  }

  get total() {
    return this.source.total;
  }

  /** Takes the place of the server's lines; resolves when the first are drawn, or the line that is wanted can be. */
  start(wanted = 0) {
    this.started = this.started || this.begin(wanted);
    return this.started;
  }

  async begin(wanted) {
    this.build();
    const last = this.growing || this.details.querySelector(".s-failure, .s-timed_out");
    await this.enter(wanted ? Math.floor((wanted - 1) / PAGE) : last ? "last" : 0, wanted);
  }

  async enter(first, wanted = 0) {
    this.entry = first;
    if (!(await (wanted ? this.source.loadAround(wanted - 1) : this.source.load(first)))) return;
    this.entry = null;
    if (wanted) return;
    this.following = this.growing && options.follow === "on";
    this.stick = first === "last";
    this.settle();
    if (this.growing && !this.following) this.stick = false;
    if (first === "last" && this.box.getBoundingClientRect().bottom > window.innerHeight) this.details.scrollIntoView();
    this.onfollow();
  }

  build() {
    this.before = before(this.details);
    this.note = Object.assign(make("p", "note"), {hidden: true});
    this.earlier = more("Earlier lines", () => this.moveWindow(-1));
    this.later = more("Later lines", () => this.moveWindow(1));
    this.box = Object.assign(make("div", "log"), {tabIndex: 0});
    this.list = make("div", "vlog");
    this.jump = make("div", "jump");
    this.jumpButton = button("btn", "Jump to latest", () => this.setFollow(true));
    this.jump.append(this.jumpButton);
    this.jump.hidden = true;
    this.box.append(this.list, this.jump);
    this.frame = make("div", "logframe");
    this.ticks = make("div", "ticks");
    this.ticks.setAttribute("aria-hidden", "true");
    this.frame.append(this.box, this.ticks, this.before, this.failures.bar);
    this.details.append(this.earlier, this.note, this.frame, this.later);
    dress(this.box);
    this.line = lineHeight(this.box);
    this.box.addEventListener("scroll", () => this.scrolled(), {passive: true});
    this.box.addEventListener("click", (event) => this.clicked(event));
    new ResizeObserver(() => this.resized()).observe(this.box);
  }

  loaded(data, number) {
    this.failures.remove(number);
    this.before.remove();
    this.box.setAttribute("role", "region"); // what stood there before had its name until now
    this.box.setAttribute("aria-label", "Log of " + this.details.querySelector("h2").textContent);
    this.note.hidden = this.total > 0;
    if (!this.total) this.note.textContent = nothing(data.held, this.growing);
    this.box.hidden = this.total === 0;
  }

  /** Asks for a page that did not come: the one to begin with, news of the end, or one that is missing between. */
  async retry(number) {
    if (number === this.entry) {
      await this.enter(number);
      if (this.hit[0] || this.found) await this.show(this.hit[0] || this.found);
    } else if (number === "last") await this.resync();
    else if (await this.source.load(number)) this.render();
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
    this.drawn.get(cluster)?.remove();
    this.drawn.delete(cluster);
  }

  guess(cluster) {
    const first = this.base + cluster * CLUSTER;
    const last = Math.min(first + CLUSTER, this.base + this.count);
    return Math.max(0, last - first - this.folds.count(first, last)) * this.line;
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
    if (!this.heights.length || this.onPaper) return;
    const top = this.box.scrollTop;
    const bottom = top + this.box.clientHeight;
    const [first, last] = this.pace.drawn(top, bottom).map((place) => this.clusterAt(place));
    for (const cluster of [...this.drawn.keys()]) {
      if (cluster < first || cluster > last) this.undraw(cluster);
    }
    let moved = false;
    const before = this.drawn.size;
    for (let cluster = first; cluster <= last; cluster += 1) {
      if (this.heights[cluster] > 0 && !this.drawn.has(cluster)) moved = this.place(cluster) || moved;
    }
    if (moved) this.shift(top);
    if (this.drawn.size !== before || moved) this.ondraw(this);
    const pages = this.pace.fetched(top, bottom).map((place) => Math.floor((this.base + this.clusterAt(place) * CLUSTER) / PAGE));
    for (let page = pages[0]; page <= pages[1]; page += 1) {
      if (!this.source.pages.has(page) && !this.failures.has(page)) this.source.load(page);
    }
  }

  /** What was drawn is not as high as was thought: what the person looks at stays where it is. */
  shift(top) {
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
    const page = this.source.pages.get(number);
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
    if (this.wanted.has(number) || this.failures.has(number)) return;
    this.wanted.add(number);
    this.list.classList.add("waits");
    await this.source.load(number);
    this.wanted.delete(number);
    this.list.classList.toggle("waits", this.wanted.size > 0);
    const now = this.source.pages.get(number);
    if (now && now.lines.length > had) this.render(); // else it would be asked for without end
  }

  addLine(target, page, index, at) {
    if (this.folds.hides(at)) return;
    this.source.prepare(page, index);
    const line = lineElement(at + 1, page.lines[index], page.styles[index], page.depths[index], {
      started: this.source.started, files: this.source.files,
      head: (element) => this.folds.button(element, at, () => this.fold(at)),
      whole: (element, style) => this.showWhole(element, style, at),
    });
    if (!line) return;
    this.tint(line);
    target.append(line);
  }

  tint(line) {
    const number = Number(line.dataset.n);
    line.classList.toggle("hit", number >= this.hit[0] && number <= this.hit[1]);
    line.classList.toggle("found", number === this.found);
  }

  /** A long line comes cut; all of it is drawn when asked for. */
  async showWhole(line, style, at) {
    try {
      redrawLine(line, await this.source.whole(at + 1), style);
    } catch (error) {
      line.lastElementChild.textContent = error.message + " Retry";
      return;
    }
    const cluster = Math.floor((at - this.base) / CLUSTER);
    this.heights[cluster] = this.drawn.get(cluster).offsetHeight;
    this.layout();
    this.ondraw(this);
  }

  /** Folds a group, or unfolds it. */
  async fold(at) {
    await this.folds.toggle(at);
    this.keepPlace(() => this.redraw());
    this.list.querySelector(`[data-n="${at + 1}"] button`)?.focus();
  }

  redraw(middle = -1) { // the line that is to be in the middle
    for (const element of this.drawn.values()) element.remove();
    this.drawn.clear();
    this.heights = [];
    this.reshape();
    if (middle >= 0) this.scrollTo(Math.max(0, this.placeOf(middle) - this.box.clientHeight / 2));
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
    this.pace.note(this.box.scrollTop);
    if (!mine) this.stick = false;
    if (!mine && this.growing) {
      const atEnd = this.box.scrollTop + this.box.clientHeight >= this.height - 8;
      if (atEnd !== this.following) this.setFollow(atEnd, true);
    }
    if (this.waiting) return;
    this.waiting = requestAnimationFrame(() => {
      this.waiting = 0;
      this.render();
    });
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

  /** Where a line stands in the list, as far as is known. */
  placeOf(at) {
    const line = this.list.querySelector(`[data-n="${at + 1}"]`);
    if (line) return line.parentElement.offsetTop + line.offsetTop;
    const cluster = Math.floor((at - this.base) / CLUSTER);
    return (this.tops[cluster] || 0) + ((at - this.base) % CLUSTER) * this.line;
  }

  /** The first line on the screen, from 1. */
  get first() {
    const top = this.box.getBoundingClientRect().top;
    const line = [...this.list.querySelectorAll(".ln")].find((one) => one.getBoundingClientRect().bottom > top + 1);
    return line ? Number(line.dataset.n) : 1;
  }

  /** Changes how lines are drawn; the first on the screen stays where it is. */
  keepPlace(change) {
    const at = this.first - 1;
    const within = this.placeOf(at) - this.box.scrollTop;
    change();
    for (let round = 0; round < 2 && !this.following && !this.stick; round += 1) {
      this.scrollTo(this.placeOf(at) - within);
      this.render();
    }
    this.settle();
  }

  /** Marks a line or a range, and shows it in the middle. */
  async goTo(first, last) {
    this.hit = [Math.min(first, last), Math.max(first, last)];
    if (this.entry === null) await this.show(this.hit[0]); // else when what did not come has come
    this.onmark(this);
  }

  /** Shows a line in the middle; a group that hides it unfolds. */
  async show(number) {
    this.following = this.stick = false;
    const at = Math.min(Math.max(number - 1, 0), Math.max(this.total - 1, 0));
    this.folds.reveal(at);
    this.base = Math.floor(at / WINDOW) * WINDOW;
    await this.source.line(at);
    this.redraw(at);
    for (let round = 0; round < 3; round += 1) {
      this.scrollTo(Math.max(0, this.placeOf(at) - this.box.clientHeight / 2));
      this.render();
    }
    this.box.scrollIntoView({block: "nearest"});
    this.onfollow();
  }

  clicked(event) {
    const line = event.target.closest(".ln");
    if (!line || event.target.closest("a, button") || event.clientX - line.getBoundingClientRect().left > 60) return;
    const number = Number(line.dataset.n);
    this.mark(event.shiftKey && this.hit[0] ? this.hit[0] : number, number);
  }

  /** Marks lines from one to another, and makes the address say so; 0 marks none. */
  mark(from, to) {
    this.hit = [Math.min(from, to), Math.max(from, to)];
    const range = this.hit[0] === this.hit[1] ? "" : `-L${this.hit[1]}`;
    history.replaceState(null, "", this.hit[0] ? `#s${this.step}-L${this.hit[0]}${range}` : location.pathname + location.search);
    this.retint();
    this.onmark(this);
  }

  retint() {
    for (const line of this.list.querySelectorAll(".ln")) this.tint(line);
  }

  /** True when a line is drawn and on the screen as a whole. */
  sees(number) {
    const line = this.list.querySelector(`[data-n="${number}"]`);
    if (!line) return false;
    const [here, box] = [line.getBoundingClientRect(), this.box.getBoundingClientRect()];
    return here.top >= Math.max(box.top, 0) && here.bottom <= Math.min(box.bottom, window.innerHeight);
  }

  /** Lines as text, without numbers, times and colours. */
  async texts(first, last) {
    const found = [];
    for (let number = first; number <= Math.min(last, this.total); number += 1) {
      const line = await this.source.line(number - 1);
      if (!line) throw new Error(`Line ${number} could not be read`);
      const text = plain(line[2] ? await this.source.whole(number) : line[1]);
      if (text !== null) found.push(text);
    }
    return found;
  }

  /** The options have changed. */
  dress() {
    if (!this.box) return;
    this.keepPlace(() => {
      dress(this.box);
      this.line = lineHeight(this.box);
      this.redraw();
    });
  }

  resized() {
    const line = lineHeight(this.box);
    if (this.onPaper) return;
    const changed = line !== this.line || this.width !== this.box.clientWidth;
    this.line = line;
    this.width = this.box.clientWidth;
    if (changed && this.total) this.redraw();
    this.settle();
  }

  /** Draws just these lines (from 0), one below the other, which must have been fetched. */
  drawAll(first, end) {
    const [from, to] = [first, end].map((at) => Math.ceil((at - this.base) / CLUSTER));
    for (const cluster of [...this.drawn.keys()]) if (cluster < from || cluster >= to) this.undraw(cluster);
    for (let at = Math.max(from, 0); at < Math.min(to, this.heights.length); at += 1) if (this.heights[at] > 0 && !this.drawn.has(at)) this.place(at);
    this.list.append(...[...this.drawn].sort((one, other) => one[0] - other[0]).map((one) => one[1]));
  }

  /** Lines that have just come. */
  append(from, lines) {
    if (!this.box) return;
    const fresh = this.source.append(from, lines);
    if (!fresh) return;
    this.unseen += fresh;
    this.grown();
  }

  async grown() {
    const below = () => this.details.getBoundingClientRect().bottom - window.innerHeight;
    const sees = this.following && below() <= 0;
    this.note.hidden = true;
    this.box.hidden = false;
    this.settle();
    if (sees && below() > 0) window.scrollBy(0, below()); // who saw the end goes on to see it
    this.showJump();
    if (await this.folds.settle()) this.keepPlace(() => this.redraw());
  }

  /** The cursor was lost, or the end has come: learn the total anew. */
  async resync() {
    if (!this.started) return;
    await this.source.loading.get("last"); // what is under way was asked for before this news
    if ((await this.source.load("last")) && this.total) this.grown();
  }

  update() {
    if (!this.growing) this.following = false;
    if (this.box) this.showJump();
  }
}
