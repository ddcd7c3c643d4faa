// One EventSource a page. States swap the parts of the page that changed; lines go to the log viewer.

import {refresh as times} from "./time.js";

const body = document.body;
const chip = document.getElementById("live-state");
let stream = null;
let cursor = body.dataset.cursor || "";
let failures = 0;
let paused = false;
let ended = false;
let stale = 0;
let hidden = 0;
let pending = 0;
let last = 0;
let waiting = 0;
let lost = 0;
let missed = 0; // news in a row that could not be fetched

const LOST = 3; // failures after the chip said that updates are paused

const tell = (name, detail) => document.dispatchEvent(new CustomEvent("forge:" + name, {detail}));

function say(text, label = text) {
  chip.hidden = false;
  chip.textContent = text;
  chip.setAttribute("aria-label", label);
  chip.title = label;
}

const on = () => say("Live", "Live updates are on: pause them");

function busy(element) {
  return element.contains(document.activeElement) || element.querySelector("details.menu[open], .pick input:checked") !== null;
}

function swap(fresh) {
  for (const next of fresh.querySelectorAll("[data-live][id]")) {
    const old = document.getElementById(next.id);
    const inside = old && old.matches("summary"); // it keeps the focus that it may have
    if (!old || old.isEqualNode(next) || (busy(old) && !inside)) continue;
    times(next);
    if (old.isEqualNode(next)) continue;
    if (inside) old.replaceChildren(...document.adoptNode(next).childNodes);
    else old.replaceWith(document.adoptNode(next));
  }
  document.title = fresh.title || document.title;
  added(fresh);
  steps(fresh);
  mark();
  if (body.dataset.events && !fresh.body.dataset.events) finish();
}

/** Nothing more will come; whoever missed something fetches it now. */
function finish() {
  if (ended) return;
  ended = true;
  close();
  chip.hidden = true;
  tell("end");
}

/** New rows go on top at once when the person is there, else they are announced. */
function added(fresh) {
  const rows = document.querySelector("[data-rows=newest]");
  const source = fresh.querySelector("[data-rows=newest]");
  if (!rows && source && !location.search && !document.querySelector("main :focus")) location.reload(); // the first run
  if (!rows || !source || /[?&](after|before)=/.test(location.search)) return;
  const news = [...source.children].filter((row) => !document.getElementById(row.id));
  if (!news.length) return;
  if (window.scrollY > 60) {
    waiting = news.length;
    say(waiting + (waiting === 1 ? " new run, show" : " new runs, show"));
    return;
  }
  waiting = 0;
  const first = rows.firstElementChild;
  for (const row of news) rows.insertBefore(document.adoptNode(row), first);
  while (rows.children.length > 25) rows.lastElementChild.remove();
  times(rows);
  document.getElementById("say").textContent = news.length + (news.length === 1 ? " new run" : " new runs");
}

/** Steps that are new are added; those that are there keep their logs and whether they are open. */
function steps(fresh) {
  const list = document.querySelector("[data-steps]");
  const source = fresh.querySelector("[data-steps]");
  if (!list || !source || !source.querySelector("[data-step]")) return;
  for (const empty of list.querySelectorAll(":scope > section")) empty.remove();
  for (const next of [...source.querySelectorAll("[data-step]")]) {
    const old = document.getElementById(next.id);
    if (old) {
      old.dataset.status = next.dataset.status;
      old.toggleAttribute("data-held", next.hasAttribute("data-held"));
    } else {
      next.open = false;
      list.append(document.adoptNode(next));
    }
  }
  times(list);
  tell("steps");
}

/** The tab's own picture says the state, of a list that of its newest. */
function mark() {
  const state = document.querySelector("#mark.st, #pill .st, #jobmeta .st");
  const link = document.getElementById("favicon");
  if (!state || !link) return;
  const colour = getComputedStyle(state).color;
  const picture = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="7" fill="' + colour + '"/></svg>';
  link.href = "data:image/svg+xml," + encodeURIComponent(picture);
}

async function update() {
  last = Date.now();
  const address = new URL(location.href);
  if (body.dataset.page === "job") address.searchParams.set("bare", "1");
  try {
    const answer = await fetch(address, {headers: {Accept: "text/html"}});
    if (!answer.ok) throw new Error(String(answer.status));
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (missed) caughtUp();
    swap(fresh);
  } catch {
    missed += 1;
    if (missed > 1) broken(); // for more than five seconds
    pending = pending || setTimeout(run, 5000);
  }
}

function run() {
  pending = 0;
  if (!paused) update();
}

/** Many changes make one update; the first comes at once. */
function changed() {
  if (!pending) pending = setTimeout(run, Math.max(50, 1000 - (Date.now() - last)));
}

function open() {
  close();
  const address = new URL(body.dataset.events, location.href);
  if (cursor) address.searchParams.set("cursor", cursor);
  stream = new EventSource(address);
  stream.addEventListener("open", mended);
  for (const name of ["state", "lines", "resync", "end"]) stream.addEventListener(name, (event) => heard(name, event));
  stream.addEventListener("error", failed);
}

function heard(name, event) {
  if (event.lastEventId) cursor = event.lastEventId;
  const data = JSON.parse(event.data);
  if (name === "lines" || name === "resync") tell(name, data);
  if (name !== "lines") changed();
  if (name === "end") finish();
}

function failed() {
  failures += 1;
  stale = stale || setTimeout(broken, 5000);
  if (chip.dataset.broken) broken();
  if (failures < 3 && stream && stream.readyState !== EventSource.CLOSED) return;
  close();
  const pause = Math.min(15000, 2000 * Math.max(1, failures - 2));
  setTimeout(() => {
    if (paused || ended || stream) return;
    tell("resync");
    changed();
    open();
  }, pause);
}

/** The connection has been away for long: what is shown may be old. */
function broken() {
  chip.dataset.broken = "1";
  lost += 1;
  if (lost > LOST) say("Reload", "Live updates do not come back: reload the page");
  else say("Live updates paused, reconnecting");
}

/** What was missed has come. */
function caughtUp() {
  missed = 0;
  if (ended) chip.hidden = true;
  else if (stream && stream.readyState === EventSource.OPEN) mended();
}

/** The connection is there again. */
function mended() {
  failures = lost = missed = 0;
  clearTimeout(stale);
  stale = 0;
  delete chip.dataset.broken;
  on();
}

function close() {
  if (stream) stream.close();
  stream = null;
}

function toggle() {
  if (lost > LOST) return location.reload();
  if (waiting) {
    window.scrollTo(0, 0);
    changed();
    on();
    return;
  }
  paused = !paused;
  if (paused) {
    close();
    say("Paused", "Paused live updates: go on");
  } else {
    changed();
    open();
  }
}

function shown() {
  clearTimeout(hidden);
  if (document.hidden) {
    hidden = setTimeout(close, 60000);
  } else if (!stream && !paused && !ended) {
    changed();
    open();
  }
}

mark();
if (body.dataset.events && chip) {
  chip.addEventListener("click", toggle);
  document.addEventListener("visibilitychange", shown);
  open();
}
