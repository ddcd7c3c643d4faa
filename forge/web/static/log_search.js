// Search over the whole job, done by the server: how many lines fit, and the way from one to the next. The same for
// errors and warnings. Words are marked on the lines that are drawn without touching them.

import {bind} from "./keys.js";
import {here, on, place, say, steps, viewers, visit} from "./log_steps.js";
import {load} from "./requests.js";

const form = document.getElementById("find");
const field = form.elements.q;
const count = document.getElementById("find-count");
const marks = globalThis.Highlight && CSS.highlights ? new Highlight() : null;
const current = marks && new Highlight();
if (marks) {
  CSS.highlights.set("log-hit", marks);
  CSS.highlights.set("log-current", current);
}
const again = form.querySelector("[data-again]");
const NAMED = 10000; // hits that the server names at once
const TICKS = 200;
let hits = []; // [step, line]: those that are named, of which there are ten thousand at most
let after = 0; // hits before them
let rows = new Map(); // step -> its lines of them
let at = -1; // the hit that was reached, of all
let total = 0;
let pattern = null;
let asked = 0;
let timer = 0;
let errors = null; // [step, line, kind]
let wrongs = 0; // how many there are in all

const ask = (query) => load(`${document.body.dataset.search}?${query}`, "The log could not be searched");

/** The form's own query, as it would be sent without scripts, and which hits are wanted. */
function query(more) {
  const data = new FormData(form);
  const asked = [...data].filter(([name]) => ["q", "re", "case", "word"].includes(name));
  return new URLSearchParams([...asked, ...Object.entries(more)]);
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

const NONE = {total: 0, lines: [], after: 0};

/** Looks anew. `go`: to the next hit from where the person is; else what was reached stays. */
async function search(go) {
  pattern = compile();
  if (!field.value) {
    asked += 1;
    take(NONE);
    tell();
    return;
  }
  const from = go ? spot() : hits[at - after] || [0, 0];
  if (!(await learnHits({near: from.slice(0, 2).join("-")}))) return;
  if (go && hits.length) await goTo(nearest());
  else tell();
}

/** Asks for the hits of the form's query; true when they are there, and nothing else was asked for meanwhile. What
 *  cannot be had is said, what was there stays. */
async function learnHits(which) {
  const number = (asked += 1);
  try {
    const found = await ask(query(which));
    if (number !== asked) return false;
    take(found);
    tell();
    return true;
  } catch (error) {
    if (number !== asked) return false;
    if (error.final) take(NONE);
    tell(error);
    return false;
  }
}

function take(found) {
  const reached = hits[at - after];
  ({total, after} = found);
  hits = found.lines.flatMap(([step, lines]) => lines.map((line) => [step, line]));
  rows = new Map(found.lines.map(([step, lines]) => [step, new Set(lines)]));
  const same = reached ? hits.findIndex(([step, line]) => step === reached[0] && line === reached[1]) : -1;
  at = same < 0 ? -1 : after + same;
  for (const one of viewers.values()) drawn(one);
}

const before = (one, other) => one[0] - other[0] || one[1] - other[1];

/** Where the person is. */
function spot() {
  const one = here();
  return place.step ? [place.step, place.line] : one ? [Number(one.step), one.first] : [0, 0];
}

/** The first hit that is named at or behind that place. */
function nearest() {
  const from = spot();
  return after + Math.max(hits.findIndex((hit) => before(hit, from) >= 0), 0);
}

/** Goes to a hit by its number from 0; those around it are asked for when they are not named. */
async function goTo(index) {
  if (!hits[index - after] && !(await learnHits({after: Math.floor(index / NAMED) * NAMED}))) return;
  if (!hits[index - after]) return;
  at = index;
  tell();
  await visit(...hits[at - after].slice(0, 2));
}

/** Says how many lines fit, or why that is not known; then it may be asked again. */
function tell(error = null) {
  const many = total.toLocaleString("en");
  const where = at < 0 ? `${many} ${total === 1 ? "line" : "lines"}` : `${(at + 1).toLocaleString("en")} of ${many}`;
  count.textContent = error ? error.message : !field.value ? "" : total ? where : "No line";
  again.hidden = !error || error.final;
  form.classList.toggle("broken", Boolean(error));
  form.classList.toggle("none", Boolean(error) || (Boolean(field.value) && total === 0));
}

async function move(by) {
  clearTimeout(timer);
  if (timer) {
    timer = 0;
    return search(true);
  }
  if (!again.hidden) return search(true);
  if (hits.length) return goTo(at < 0 ? nearest() : (at + by + total) % total);
}

/** Marks the words on the lines of a viewer that are drawn, and the ticks beside them. */
function drawn(one) {
  if (!one.box) return;
  const [step, mine] = [Number(one.step), rows.get(Number(one.step))];
  for (const line of one.list.querySelectorAll(".ln")) {
    const number = Number(line.dataset.n);
    const fits = named(step, number) ? Boolean(mine?.has(number)) : line.textContent.search(pattern) >= 0;
    line.classList.toggle("has", fits);
  }
  paint();
  ticks(one, mine);
}

/** False for a line so far away that hits there are not named: whether it fits is guessed where it is drawn. */
const named = (step, line) =>
  !pattern || !hits.length ||
  ((!after || before(hits[0], [step, line]) <= 0) && (after + hits.length === total || before(hits.at(-1), [step, line]) >= 0));

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

/** The marks beside the scroll bar are in no hurry: the lines that somebody looks at come first. */
async function learnLater() {
  for (const one of viewers.values()) while (one.source.loading.size) await Promise.all(one.source.loading.values());
  if (!errors) await learn();
}

async function learn() {
  try {
    ({hits: errors, total: wrongs} = await ask("kind=error"));
    for (const one of viewers.values()) drawn(one);
  } catch {
    errors = null; // asked for again with the next key
  }
}

/** Goes to the next error or warning, over all steps; behind the last comes the first. */
async function wrong(by) {
  if (!errors) await learn();
  if (!errors || !errors.length) return say(errors ? "No error and no warning in this log" : "The log could not be searched: try again");
  const from = place.step ? [place.step, place.line] : null;
  let next = 0;
  if (by > 0 && from) next = errors.findIndex((hit) => before(hit, from) > 0);
  else if (by < 0) next = from ? errors.findLastIndex((hit) => before(hit, from) < 0) : errors.length - 1;
  if (next < 0) next = by > 0 ? 0 : errors.length - 1;
  const [step, line, kind] = errors[next];
  await visit(step, line);
  const text = viewers.get(step)?.list.querySelector(`[data-n="${line}"]`)?.textContent || kind;
  say(`${next + 1} of ${wrongs}${wrongs > errors.length ? `, of which the first ${errors.length} are gone to` : ""}, line ${line}: ${text.slice(0, 300)}`);
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
    here()?.box?.focus();
  }
});
form.addEventListener("input", (event) => {
  clearTimeout(timer);
  timer = setTimeout(() => {
    timer = 0;
    search(true);
  }, event.target === field ? 150 : 0);
});
again.addEventListener("click", () => search(true));
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
  if (!document.body.dataset.events) learnLater();
  if (field.value) search(!location.hash);
}
