// One line of a log: what its mark says it is, and the elements that it is drawn with.

import {draw, segments} from "./ansi.js";
import {time} from "./log_options.js";

const MARK = /^(?:\x1b\[[0-9;]*m)*##\[(group|endgroup|error|warning|notice|debug|command|section)\]/;
const CLASSES = {error: "err", warning: "warn", notice: "notice", debug: "debug", command: "cmd", section: "cmd", group: "group"};
const WORDS = {error: "Error: ", warning: "Warning: ", notice: "Notice: "};

export const make = (name, classes, text) => {
  const element = document.createElement(name);
  if (classes) element.className = classes;
  if (text) element.textContent = text;
  return element;
};

export const button = (classes, text, act) => {
  const made = make("button", classes, text);
  made.type = "button";
  made.addEventListener("click", act);
  return made;
};

/** A bar with one button, hidden at first. */
export const more = (text, act) => {
  const bar = make("div", "more");
  bar.append(button("btn", text, act));
  bar.hidden = true;
  return bar;
};

/** Why there is no line. */
export function nothing(held, growing) {
  if (held) return "This step runs beside others: its log appears here when it and they are done writing.";
  return growing ? "Nothing printed yet." : "This step printed nothing.";
}

/** What a line is, and its text without the mark. */
export function classify(text) {
  const found = MARK.exec(text);
  if (!found) return ["", text];
  const mark = "##[" + found[1] + "]";
  return [found[1], text.replace(mark, "")];
}

/** The text of a stored line as it is drawn; null for one that is not drawn at all. */
export function plain(text) {
  const [kind, rest] = classify(text);
  return kind === "endgroup" ? null : (WORDS[kind] || "") + segments(rest)[0].map((part) => part[1]).join("");
}

/** A line's element, or null for one that is not drawn. `head` puts something before a group's title. */
export function lineElement(number, [when, raw, length], style, depth, {started, head, whole, files}) {
  const [kind, text] = classify(raw);
  if (kind === "endgroup") return null;
  const line = make("div", "ln");
  if (kind) line.classList.add(CLASSES[kind]);
  if (depth && kind !== "group") line.classList.add("in");
  line.dataset.n = number;
  line.dataset.t = time(when, started);
  const into = kind === "group" ? head(line) : line;
  if (WORDS[kind]) line.append(make("b", "", WORDS[kind]));
  draw(into, text, style, files);
  if (length) line.append(button("all", `… show all ${Math.ceil(length / 1024)} KB`, () => whole(line, style, kind)));
  return line;
}

/** Draws a line anew with all its text. */
export function redrawLine(line, raw, style) {
  const [kind, text] = classify(raw);
  line.replaceChildren();
  if (WORDS[kind]) line.append(make("b", "", WORDS[kind]));
  draw(line, text, style);
}
