// The log of a job: however long, only what is on the screen stands in the page. Lines come in pages of a
// thousand, drawn in clusters whose heights are guessed, then measured.

import {bind} from "./keys.js";
import {copy} from "./log_marks.js";
import {menu, read} from "./log_options.js";
import {fetchAll, rollUp, unroll} from "./log_paper.js";
import {begin} from "./log_search.js";
import {byItself, here, on, open, place, say, steps, viewer, viewers} from "./log_steps.js";

const follow = document.getElementById("follow");
const head = document.querySelector(".jobhead");
const closed = new Set(); // steps that the person closed are never opened for them again

function shown() {
  const running = [...viewers.values()].find((one) => one.growing);
  follow.hidden = !running;
  if (running) follow.setAttribute("aria-pressed", String(running.following));
}

async function goToHash() {
  const found = /^#s(\d+)(?:-L(\d+)(?:-L(\d+))?)?$/.exec(location.hash);
  const details = found && document.getElementById("s" + found[1]);
  if (!details || !details.matches("details")) return false;
  const one = await open(details, Number(found[2] || 0));
  if (found[2]) {
    Object.assign(place, {step: Number(found[1]), line: Number(found[2])});
    await one.goTo(Number(found[2]), Number(found[3] || found[2]));
  }
  return true;
}

function running() {
  shown();
  const now = steps.querySelector('[data-step][data-status="in_progress"]:not([data-held])');
  if (!now || now.open || closed.has(now.dataset.step)) return;
  const others = [...viewers.values()];
  if (!others.length || others.some((one) => one.following)) open(now);
}

steps.addEventListener("toggle", (event) => {
  const details = event.target;
  if (!details.matches("[data-step]")) return;
  const mine = byItself();
  if (details.open) viewer(details).start();
  else if (!mine) closed.add(details.dataset.step);
}, true);

document.addEventListener("forge:lines", ({detail}) => {
  const one = viewers.get(detail.step);
  if (one) one.append(detail.from, detail.lines);
});
document.addEventListener("forge:resync", () => viewers.forEach((one) => one.resync()));
document.addEventListener("forge:steps", () => {
  viewers.forEach((one) => one.update());
  running();
});
document.addEventListener("forge:end", () => viewers.forEach((one) => one.resync()));

follow.addEventListener("click", () => {
  for (const one of viewers.values()) if (one.growing) one.setFollow(!one.following);
  shown();
});

/** The last lines, for those who do not see them come. */
bind("l", "Read the last five lines of the log", async () => {
  const one = [...viewers.values()].find((other) => other.growing && other.total) || here();
  if (!one) return;
  const last = await one.texts(Math.max(1, one.total - 4), one.total).catch((error) => [error.message]);
  say(last.join("\n") || "Nothing printed yet");
});

document.querySelector("[data-copy-step]").addEventListener("click", async (event) => {
  const one = here();
  if (!one) return say("Open a step first");
  event.target.closest("details").open = false;
  const answer = await fetch(`${document.body.dataset.log}?step=${one.step}&ansi=0&times=0`);
  if (answer.ok) await copy(await answer.text(), "The log of " + one.details.querySelector("h2").textContent);
  else say("The log could not be read");
});

// What is printed by another way than these keys shows what had been fetched; it can no longer be waited for then.
document.addEventListener("keydown", async (event) => {
  if (event.key !== "p" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
  event.preventDefault();
  for (const one of viewers.values()) await fetchAll(one);
  window.print();
});
window.addEventListener("beforeprint", () => viewers.forEach(unroll));
window.addEventListener("afterprint", () => viewers.forEach(rollUp));
on("follow", shown);
window.addEventListener("hashchange", goToHash);
new ResizeObserver(() => document.documentElement.style.setProperty("--head", head.offsetHeight + "px")).observe(head);
read(new URLSearchParams(location.search).get("times") === "1" ? {times: "time"} : {});
menu(() => viewers.forEach((one) => one.dress()));
if (!(await goToHash())) {
  const first = steps.querySelector("[data-step][open]");
  if (first) await open(first);
}
shown();
begin();
