// The marked line or range: a bar that copies its link or its text, and keys that move it.

import {bind} from "./keys.js";
import {here, on, say, viewers} from "./log_steps.js";

const bar = document.getElementById("marked");
const label = bar.querySelector("[data-label]");
/** Lines that are copied at once. */
const MOST = 20000;

const marked = () => [...viewers.values()].find((one) => one.hit[0]);

on("mark", (one) => {
  for (const other of viewers.values()) {
    if (other === one || !other.hit[0]) continue;
    other.hit = [0, 0];
    if (other.box) other.retint();
  }
  const now = marked();
  bar.hidden = !now;
  if (!now) return;
  const [first, last] = now.hit;
  label.textContent = first === last ? `Line ${first}` : `Lines ${first} to ${last}`;
});

export async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
  } catch { // no secure address: the old way
    const field = Object.assign(document.createElement("textarea"), {value: text});
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
  say(what + " copied");
}

/** Does what a button or a key asks for, and says when it cannot be done. */
const run = (name) => acts[name]()?.catch((error) => say(error.message));

const acts = {
  link: () => copy(location.href, "Link"),
  text: async () => {
    const one = marked();
    const last = Math.min(one.hit[1], one.hit[0] + MOST - 1);
    await copy((await one.texts(one.hit[0], last)).join("\n") + "\n", label.textContent);
  },
  clear: () => {
    const one = marked();
    one.mark(0, 0);
    one.box.focus();
  },
};

bar.addEventListener("click", (event) => {
  const act = event.target.closest("[data-act]");
  if (act && marked()) run(act.dataset.act);
});

function move(by) {
  const one = here();
  if (!one) return;
  const at = one.hit[0] ? (by > 0 ? one.hit[1] : one.hit[0]) + by : one.first;
  const line = Math.min(Math.max(at, 1), one.total);
  if (one.sees(line)) one.mark(line, line);
  else one.show(line).then(() => one.mark(line, line));
}

bind("J", "Mark the next line of the log", () => move(1));
bind("K", "Mark the line before", () => move(-1));
bind("y", "Copy the link to the marked line", () => marked() && run("link"));
bind("Y", "Copy the text of the marked lines", () => marked() && run("text"));
