// The steps of a job's page, each with its viewer once it was opened; and the place that the person is at.

import {Viewer} from "./viewer.js";

export const steps = document.querySelector("[data-steps]");
export const viewers = new Map();
const listeners = {follow: [], mark: [], draw: []};
let opening = 0;
/** Where the person has gone last: {step, line}, or nothing. */
export const place = {step: 0, line: 0};

/** Calls back with a viewer: "follow" may have changed, a "mark" was set, lines were drawn ("draw"). */
export const on = (name, act) => listeners[name].push(act);

export function viewer(details) {
  const number = Number(details.dataset.step);
  if (!viewers.has(number)) {
    const made = new Viewer(details, document.body.dataset.lines);
    made.onfollow = () => listeners.follow.forEach((act) => act(made));
    made.onmark = () => listeners.mark.forEach((act) => act(made));
    made.ondraw = () => listeners.draw.forEach((act) => act(made));
    viewers.set(number, made);
  }
  return viewers.get(number);
}

/** Opens a step without taking it for the person's own wish; at the line that is looked for, if one is. */
export async function open(details, line = 0) {
  if (!details.open) {
    opening += 1;
    details.open = true;
  }
  const one = viewer(details);
  await one.start(line);
  return one;
}

/** Tells, once for each, whether a step that toggled was opened by `open`. */
export function byItself() {
  if (!opening) return false;
  opening -= 1;
  return true;
}

/** The opened viewer of a step by its number; undefined when there is no such step. */
export async function reach(step, line = 0) {
  const details = document.getElementById("s" + step);
  return details && details.matches("details") ? open(details, line) : undefined;
}

/** Goes to a line and tints it; a range that is marked stays marked. */
export async function visit(step, line) {
  const one = await reach(step, line);
  if (!one) return;
  Object.assign(place, {step, line});
  for (const other of viewers.values()) {
    if (other.found && other !== one) {
      other.found = 0;
      other.retint();
    }
  }
  one.found = line;
  if (one.sees(line)) one.retint();
  else if (one.entry === null) await one.show(line); // else when what did not come has come
  one.ondraw();
}

/** The viewer that the person is at: that of the focus or of the mark, else the first that is open. */
export function here() {
  const all = [...viewers.values()].filter((one) => one.box && one.details.open && one.total);
  return all.find((one) => one.details.contains(document.activeElement)) || all.find((one) => one.hit[0]) || all[0];
}

export const say = (text) => {
  document.getElementById("say").textContent = text;
};
