// How fast and whereto a log is scrolled, and so how much of it has to be there beyond the edges of the screen.

const NEAR = 700; // px that are drawn beyond them
const AHEAD = 6000; // px whose pages are fetched: nobody scrolls so far while one comes
const JUMP = 4000; // px of one step: somebody goes elsewhere, and not on
/** Steps of the same size for which it is ready: a frame comes late now and then, a page takes half a second at worst. */
const [LATE, COMING] = [3, 40];

export class Pace {
  constructor() {
    this.place = 0;
    this.speed = 0; // px of the last step, downwards
  }

  /** Takes note of where the box stands now. */
  note(place) {
    this.speed = Math.abs(place - this.place) < JUMP ? place - this.place : 0;
    this.place = place;
  }

  /** From where to where, in px, lines are drawn for what is seen between the edges. */
  drawn(top, bottom) {
    return this.around(top, bottom, NEAR, LATE);
  }

  /** From where to where they are fetched. */
  fetched(top, bottom) {
    return this.around(top, bottom, AHEAD, COMING);
  }

  around(top, bottom, least, steps) {
    const way = this.speed * steps;
    return [top - Math.max(least, -way), bottom + Math.max(least, way)];
  }
}
