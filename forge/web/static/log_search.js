// Search over the whole job, done by the server: how many lines fit, and the way from one to the next. The same for
// errors and warnings. Words are marked on the lines that are drawn without touching them.

import {bind} from "./keys.js";
import {here, on, place, say, steps, viewers, visit} from "./log_steps.js";

const form = document.getElementById("find");
const field = form.elements.q;
const count = document.getElementById("find-count");
const marks = globalThis.Highlight && CSS.highlights ? new Highlight() : null;
const current = marks && new Highlight();
if (marks) {
  CSS.highlights.set("log-hit", marks);
  CSS.highlights.set("log-current", current);
}
const TICKS = 200;
let hits = []; // [step, line, kind]
let rows = new Map(); // step -> its lines that fit
let at = -1;
let total = 0;
let pattern = null;
let asked = 0;
let timer = 0;
let errors = null;

const address = (query) => `${document.body.dataset.search}?${query}`;

async function ask(query) {
  const answer = await fetch(address(query));
  const body = answer.status === 200 || answer.status === 422 ? await answer.json() : {};
  if (!answer.ok) throw new Error(body.message || "The log could not be searched.");
  return body;
}

/** The form's own query: what it would send without scripts. */
function query() {
  const data = new FormData(form);
  return new URLSearchParams([...data].filter(([name]) => ["q", "re", "case", "word"].includes(name)));
}

const asIs = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** The same for the lines that are drawn; null where the two languages differ. */
function compile() {
  if (!field.value) return null;
  const inner = form.elements.re.checked ? field.value : asIs(field.value);
  const whole = form.elements.word.checked ? `(?<![\\p{L}\\p{N}_])(?:${inner})(?![\\p{L}\\p{N}_])` : inner;
  try {
    return new RegExp(whole, form.elements.case.checked ? "gu" : "giu");
  } catch {
    return null;
  }
}

/** Looks anew. `go`: to the next hit from where the person is; else what was reached stays. */
async function search(go) {
  const number = (asked += 1);
  pattern = compile();
  if (!field.value) {
    take({total: 0, hits: []});
    count.textContent = "";
    return;
  }
  try {
    const found = await ask(query());
    if (number !== asked) return; // something else was asked for meanwhile
    take(found);
    if (go && hits.length) await goTo(nearest());
    else tell();
  } catch (error) {
    if (number !== asked) return;
    take({total: 0, hits: []});
    count.textContent = error.message;
  }
}

function take(found) {
  const reached = hits[at];
  ({hits, total} = found);
  rows = new Map();
  for (const [step, line] of hits) {
    if (!rows.has(step)) rows.set(step, new Set());
    rows.get(step).add(line);
  }
  at = reached ? hits.findIndex(([step, line]) => step === reached[0] && line === reached[1]) : -1;
  form.classList.toggle("none", Boolean(field.value) && total === 0);
  for (const one of viewers.values()) drawn(one);
}

const before = (one, other) => one[0] - other[0] || one[1] - other[1];

/** The first hit at or behind the place that the person is at. */
function nearest() {
  const one = here();
  const from = place.step ? [place.step, place.line] : one ? [Number(one.step), one.first] : [0, 0];
  const found = hits.findIndex((hit) => before(hit, from) >= 0);
  return Math.max(found, 0);
}

async function goTo(index) {
  at = index;
  tell();
  await visit(hits[at][0], hits[at][1]);
}

function tell() {
  const many = total.toLocaleString("en");
  count.textContent = !total ? "No line" : at < 0 ? `${many} lines` : `${(at + 1).toLocaleString("en")} of ${many}`;
}

async function move(by) {
  clearTimeout(timer);
  if (timer) {
    timer = 0;
    return search(true);
  }
  if (hits.length) return goTo(at < 0 ? nearest() : (at + by + hits.length) % hits.length);
}

/** Marks the words on the lines of a viewer that are drawn, and the ticks beside them. */
function drawn(one) {
  if (!one.box) return;
  const mine = rows.get(Number(one.step));
  for (const line of one.list.querySelectorAll(".ln")) {
    const fits = Boolean(mine) && mine.has(Number(line.dataset.n));
    line.classList.toggle("has", fits);
  }
  paint();
  ticks(one, mine);
}

let painting = 0;

function paint() {
  if (marks && !painting) painting = requestAnimationFrame(repaint);
}

function repaint() {
  painting = 0;
  marks.clear();
  current.clear();
  if (!pattern) return;
  for (const line of steps.querySelectorAll(".vlog .ln.has")) {
    for (const range of ranges(line)) (line.classList.contains("found") ? current : marks).add(range);
  }
}

/** Where the pattern stands in a line, over its elements. */
function ranges(line) {
  const walk = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
  const nodes = [];
  let text = "";
  while (walk.nextNode()) {
    nodes.push([text.length, walk.currentNode]);
    text += walk.currentNode.data;
  }
  const point = (place, end) => nodes.findLast(([start]) => (end ? start < place : start <= place)) || nodes[0];
  const found = [];
  for (const match of text.matchAll(pattern)) {
    if (!match[0] || found.length > 100) continue;
    const [from, to] = [match.index, match.index + match[0].length];
    const [first, last] = [point(from, false), point(to, true)];
    const range = document.createRange();
    range.setStart(first[1], from - first[0]);
    range.setEnd(last[1], to - last[0]);
    found.push(range);
  }
  return found;
}

/** Where hits and errors stand in a step, beside its scroll bar. */
function ticks(one, mine) {
  const wrong = (errors || []).filter(([step]) => step === Number(one.step));
  const places = new Map();
  const put = (line, kind) => places.set(Math.floor(((line - 1) / Math.max(one.total, 1)) * TICKS), kind);
  for (const [, line, kind] of wrong) put(line, kind === "error" ? "err" : "warn");
  if (mine) for (const line of mine) put(line, "has");
  const key = [...places].join(" ");
  if (one.ticked === key) return;
  one.ticked = key;
  one.ticks.replaceChildren(...[...places].map(([place, kind]) => {
    const tick = document.createElement("i");
    tick.className = kind;
    tick.style.top = (place / TICKS) * 100 + "%";
    return tick;
  }));
}

async function learn() {
  try {
    errors = (await ask("kind=error")).hits;
    for (const one of viewers.values()) drawn(one);
  } catch {
    errors = null; // asked for again with the next key
  }
}

/** Goes to the next error or warning, over all steps; behind the last comes the first. */
async function wrong(by) {
  if (!errors) await learn();
  if (!errors || !errors.length) return say(errors ? "No error and no warning in this log" : "The log could not be searched");
  const from = place.step ? [place.step, place.line] : null;
  let next = 0;
  if (by > 0 && from) next = errors.findIndex((hit) => before(hit, from) > 0);
  else if (by < 0) next = from ? errors.findLastIndex((hit) => before(hit, from) < 0) : errors.length - 1;
  if (next < 0) next = by > 0 ? 0 : errors.length - 1;
  const [step, line, kind] = errors[next];
  await visit(step, line);
  const text = viewers.get(step)?.list.querySelector(`[data-n="${line}"]`)?.textContent || kind;
  say(`${next + 1} of ${errors.length}, line ${line}: ${text.slice(0, 300)}`);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  move(1);
});
field.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.shiftKey) {
    event.preventDefault();
    move(-1);
  } else if (event.key === "Escape") {
    event.preventDefault();
    field.value = "";
    search(false);
    here()?.box.focus();
  }
});
form.addEventListener("input", (event) => {
  clearTimeout(timer);
  timer = setTimeout(() => {
    timer = 0;
    search(true);
  }, event.target === field ? 150 : 0);
});
form.querySelector("[data-next]").addEventListener("click", () => move(1));
form.querySelector("[data-before]").addEventListener("click", () => move(-1));

// Ctrl+F means the log only when the focus is in it; asked again, it is the browser's own.
document.addEventListener("keydown", (event) => {
  if (event.key !== "f" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
  if (!document.activeElement?.closest("[data-steps] .log")) return;
  event.preventDefault();
  field.focus();
  field.select();
});

let growing = 0;
document.addEventListener("forge:lines", () => {
  errors = null;
  if (!field.value || growing) return;
  growing = setTimeout(() => {
    growing = 0;
    search(false);
  }, 1000);
});
document.addEventListener("forge:end", () => {
  learn();
  if (field.value) search(false);
});

on("draw", drawn);
bind("e", "Next error or warning in the log", () => wrong(1));
bind("E", "Error or warning before", () => wrong(-1));

/** What the page was opened with. */
export function begin() {
  if (!document.body.dataset.search) return; // there is nothing any more that could be searched
  if (!document.body.dataset.events) learn();
  if (field.value) search(!location.hash);
}
