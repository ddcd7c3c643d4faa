// What the benchmarks ask of a page; runs before the page's own scripts. Times are milliseconds since navigation began.
(() => {
  const frame = () => new Promise((done) => requestAnimationFrame(done));

  /** The time behind the frame that is being made, and whatever was drawn for it. */
  const painted = () =>
    new Promise((done) =>
      requestAnimationFrame(() => {
        const channel = new MessageChannel();
        channel.port1.onmessage = () => done(performance.now());
        channel.port2.postMessage(0);
      }),
    );

  /** When something is first so in a frame that was drawn. */
  async function when(look) {
    for (;;) {
      const at = await painted();
      if (document.body && look()) return at;
      if (at > 120000) throw new Error("it never came");
    }
  }

  const box = () => document.querySelector(".vlog")?.closest(".log");
  const inside = (place, room) =>
    place.height > 0 && place.top >= room.top - 1 && place.bottom <= Math.min(room.bottom, innerHeight) + 1;

  /** The line of that number, when a person sees the whole of it. */
  function shown(number) {
    for (const line of document.querySelectorAll(`.ln[data-n="${number}"]`)) {
      if (inside(line.getBoundingClientRect(), line.closest(".log").getBoundingClientRect())) return line;
    }
    return null;
  }

  /** How far a line's middle is from the middle of what is seen of its log, in pixels. */
  function offCentre(number) {
    const line = shown(number);
    if (!line) return Infinity;
    const room = box().getBoundingClientRect();
    const place = line.getBoundingClientRect();
    const middle = (Math.max(room.top, 0) + Math.min(room.bottom, innerHeight)) / 2;
    return Math.abs((place.top + place.bottom) / 2 - middle);
  }

  /** True when some of what the log's box shows has no line. */
  function isBlank(log) {
    const room = log.getBoundingClientRect();
    const [top, bottom] = [Math.max(room.top, 0), Math.min(room.bottom, innerHeight)];
    const left = room.left + room.width / 2;
    return [top + 30, (top + bottom) / 2, bottom - 30].some(
      (y) => !document.elementsFromPoint(left, y).some((one) => one.closest(".ln")),
    );
  }

  /** Scrolls from where the log stands, so many frames; how long each frame took, and how many had a blank. */
  async function scroll(frames, pixels) {
    const log = box();
    const times = [];
    let blank = 0;
    let last = await frame();
    for (let count = 0; count < frames; count += 1) {
      log.scrollTop += pixels;
      const now = await frame(); // before the page draws again: what stands there is what was shown
      times.push(now - last);
      last = now;
      if (isBlank(log)) blank += 1;
    }
    return {times, blank};
  }

  /** Scrolls to such parts of the whole; the most elements that the log ever had. */
  async function jumpAround(places) {
    const log = box();
    let most = 0;
    for (const place of places) {
      log.scrollTop = place * log.scrollHeight;
      await frame();
      most = Math.max(most, log.querySelectorAll("*").length);
    }
    return most;
  }

  const tasks = [];
  const inputs = [];
  const paints = {lcp: 0, shift: 0, first: 0};
  function observe(type, take, more = {}) {
    if (!PerformanceObserver.supportedEntryTypes.includes(type)) return;
    new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({type, buffered: true, ...more});
  }
  observe("longtask", (task) => tasks.push({start: task.startTime, took: task.duration}));
  observe("event", (event) => inputs.push(event.duration), {durationThreshold: 16});
  observe("largest-contentful-paint", (entry) => (paints.lcp = entry.startTime));
  observe("layout-shift", (entry) => (paints.shift += entry.hadRecentInput ? 0 : entry.value));
  observe("paint", (entry) => {
    if (entry.name === "first-contentful-paint") paints.first = entry.startTime;
  });

  /** The longest time in which nothing else could run, since `start`; for browsers that do not tell of long tasks. */
  const gaps = {longest: 0};
  function watchGaps() {
    let last = performance.now();
    const look = () => {
      const now = performance.now();
      gaps.longest = Math.max(gaps.longest, now - last);
      last = now;
      setTimeout(look, 4);
    };
    look();
  }

  /** Milliseconds from the arrival of each batch of lines to the frame that shows its last. */
  const drawn = [];
  function watchArrivals() {
    const waiting = [];
    const Real = window.EventSource;
    window.EventSource = class extends Real {
      constructor(...options) {
        super(...options);
        this.addEventListener("lines", (event) => {
          const at = performance.now();
          const {from, lines} = JSON.parse(event.data);
          waiting.push({at, number: from + lines.length});
        });
      }
    };
    (async () => {
      for (;;) {
        const at = await painted();
        while (waiting.length && shown(waiting[0].number)) drawn.push(at - waiting.shift().at);
      }
    })();
  }

  /** Milliseconds from the time of day that a line says (`tick SECONDS`) to the frame that shows it. */
  const ticks = new Map();
  function watchTicks() {
    (async () => {
      for (;;) {
        const at = performance.timeOrigin + (await painted());
        for (const line of document.querySelectorAll(".vlog .ln")) {
          const said = /^tick (\d+\.\d+)$/.exec(line.textContent);
          if (said && !ticks.has(line.dataset.n) && shown(line.dataset.n)) {
            ticks.set(line.dataset.n, at - 1000 * Number(said[1]));
          }
        }
      }
    })();
  }

  window.forgeBench = {
    painted, when, box, shown, offCentre, scroll, jumpAround, tasks, inputs, paints, gaps, watchGaps, drawn,
    watchArrivals, ticks, watchTicks,
  };
})();
