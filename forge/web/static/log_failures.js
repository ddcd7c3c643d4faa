// Pages of a step's log that did not come: said over the lines that are there, and asked for again at a press.

import {button, make} from "./line.js";

export class Failures {
  /** `again` asks for a page. */
  constructor(again) {
    this.again = again;
    this.pages = new Map(); // number -> why
    this.bar = make("div", "failed");
    this.bar.setAttribute("role", "alert");
    this.bar.hidden = true;
    this.why = make("span", "grow");
    this.retry = button("btn", "Retry", () => this.ask());
    this.bar.append(this.why, this.retry);
  }

  has(number) {
    return this.pages.has(number);
  }

  add(number, error) {
    this.pages.set(number, error.message);
    this.show();
  }

  remove(number) {
    if (this.pages.delete(number)) this.show();
  }

  show() {
    const [first] = this.pages.values();
    const more = this.pages.size - 1;
    this.bar.hidden = !first;
    this.why.textContent = first ? first + (more ? ` So it is with ${more} more ${more === 1 ? "page" : "pages"}.` : "") : "";
  }

  async ask() {
    this.retry.disabled = true;
    for (const number of [...this.pages.keys()]) await this.again(number);
    this.retry.disabled = false;
  }
}
