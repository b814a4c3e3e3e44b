/** The drawing of a timeline: lanes of facts over a real time axis, episodes as dots below. */
import { ticks } from './axis.js';
import { el, fill, svg } from './dom.js';
import { roving } from './keys.js';
import { grouped } from './parts.js';
import { link } from './route.js';
import { percent, relationName, stretch } from './words.js';

/** @typedef {import('./types.js').Moment} Moment */
/** @typedef {{from: number, to: number}} Reach */
/** @typedef {{moment: Moment, x: number, right: number, open: boolean, before: boolean, row: number}} Bar */

const [ROW, GAP, LANE, TOP, DOT] = [26, 6, 26, 30, 5];
const LETTER = 6.6;
const HOUR = 3_600_000;

/** @param {Moment[]} moments @param {string} scope @returns {Node} */
export function drawing(moments, scope) {
  const whole = extent(moments);
  /** @type {Reach} */
  let reach = { ...whole };
  const canvas = svg('svg', { class: 'bars', role: 'group', 'data-map': true, 'aria-label': 'Facts and episodes over time; arrows walk, plus and minus zoom' });
  const caption = el('p', { class: 'caption', 'aria-hidden': 'true' });
  const paint = () => {
    const width = Math.max(280, canvas.clientWidth || 900);
    const kept = document.activeElement?.getAttribute('data-id');
    paintAll(canvas, moments, reach, width, scope);
    roving(canvas);
    const again = kept && canvas.querySelector(`[data-id="${CSS.escape(kept)}"]`);
    if (again instanceof SVGElement) again.focus();
  };
  const zoom = (/** @type {number} */ factor, /** @type {number} */ at = 0.5) => {
    const span = Math.min(whole.to - whole.from, Math.max(HOUR, (reach.to - reach.from) * factor));
    const middle = reach.from + (reach.to - reach.from) * at;
    reach = within({ from: middle - span * at, to: middle + span * (1 - at) }, whole);
    paint();
  };
  const fit = () => { reach = { ...whole }; paint(); };
  canvas.addEventListener('keydown', (event) => {
    const act = { '+': () => zoom(0.6), '=': () => zoom(0.6), '-': () => zoom(1 / 0.6), 0: fit }[/** @type {KeyboardEvent} */ (event).key];
    if (act) { act(); event.preventDefault(); }
  });
  canvas.addEventListener('focusin', (event) => caption.replaceChildren(labelOf(event.target)));
  canvas.addEventListener('pointerover', (event) => caption.replaceChildren(labelOf(event.target)));
  dragged(canvas, (share) => {
    const step = (reach.to - reach.from) * share;
    reach = within({ from: reach.from - step, to: reach.to - step }, whole);
    paint();
  }, zoom);
  new ResizeObserver(paint).observe(canvas);
  const button = (/** @type {string} */ sign, /** @type {string} */ label, /** @type {() => void} */ act) => el('button', { type: 'button', 'aria-label': label, title: label, onclick: act, text: sign });
  return el('figure', { class: 'drawing' },
    el('div', { class: 'zoom', role: 'group', 'aria-label': 'Zoom' }, button('−', 'Show more time', () => zoom(1 / 0.6)), button('+', 'Show less time', () => zoom(0.6)), button('Fit', 'Show all', fit)),
    canvas, caption,
    el('figcaption', { class: 'quiet' }, 'A bar is when a fact holds; the fuller, the surer. A fading end is open. An arrow leads to what replaced it. Dots are episodes.'));
}

/** @param {EventTarget|null} target */
function labelOf(target) {
  const stop = target instanceof Element ? target.closest('[data-stop]') : null;
  return document.createTextNode(stop?.getAttribute('aria-label')?.slice(0, 240) ?? '\u00a0');
}

/** From the first to the last moment, with air on both sides. @param {Moment[]} moments @returns {Reach} */
function extent(moments) {
  const all = moments.flatMap((one) => [one.start, one.end]).filter((one) => one !== null).map((one) => Date.parse(String(one)));
  const now = Date.now();
  const from = Math.min(now, ...all);
  const to = Math.max(...all, moments.some((one) => one.fact && !one.end) ? Math.max(now, ...all) : -Infinity);
  const air = Math.max(24 * HOUR, (to - from) * 0.04);
  return { from: from - air, to: to + 2 * air };
}

/** @param {Reach} reach @param {Reach} whole @returns {Reach} */
function within(reach, whole) {
  const span = reach.to - reach.from;
  const from = Math.min(Math.max(reach.from, whole.from), whole.to - span);
  return { from, to: from + span };
}

/** @param {SVGElement} canvas @param {(share: number) => void} pan @param {(factor: number, at: number) => void} zoom */
function dragged(canvas, pan, zoom) {
  let last = 0;
  let moved = 0;
  let down = false;
  canvas.addEventListener('pointerdown', (event) => { [last, moved, down] = [event.clientX, 0, true]; });
  canvas.addEventListener('pointermove', (event) => {
    if (!down || !(event.buttons & 1)) return;
    const step = event.clientX - last;
    moved += Math.abs(step);
    last = event.clientX;
    if (moved > 4) pan(step / canvas.clientWidth);
  });
  window.addEventListener('pointerup', () => { down = false; });
  canvas.addEventListener('dragstart', (event) => event.preventDefault());
  canvas.addEventListener('click', (event) => { if (moved > 4) event.preventDefault(); }, true);
  canvas.addEventListener('wheel', (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoom(event.deltaY > 0 ? 1.2 : 1 / 1.2, event.offsetX / canvas.clientWidth);
  }, { passive: false });
}

/** @param {SVGElement} canvas @param {Moment[]} moments @param {Reach} reach @param {number} width @param {string} scope */
function paintAll(canvas, moments, reach, width, scope) {
  const x = (/** @type {number} */ at) => ((at - reach.from) / (reach.to - reach.from)) * width;
  const lanes = grouped(moments.filter((one) => one.fact), (one) => one.relation ?? '');
  const parts = [];
  /** @type {Map<string, {x: number, y: number}>} */
  const starts = new Map();
  /** @type {Array<{to: string, x: number, y: number}>} */
  const arrows = [];
  let y = TOP;
  for (const [relation, facts] of lanes) {
    const bars = packed(facts, x, width);
    const seen = bars.filter((bar) => bar.right > 0 && bar.x < width);
    if (!seen.length) continue;
    parts.push(svg('text', { class: 'lane', x: 4, y: y + 16, text: relationName(relation) }));
    y += LANE;
    for (const bar of seen) {
      const at = y + bar.row * (ROW + GAP);
      parts.push(barNode(bar, at, width, scope));
      starts.set(String(bar.moment.fact), { x: bar.x, y: at });
      if (bar.moment.replaced_by) arrows.push({ to: bar.moment.replaced_by, x: Math.min(bar.right, width), y: at });
    }
    y += (Math.max(...bars.map((bar) => bar.row)) + 1) * (ROW + GAP) + 8;
  }
  for (const arrow of arrows) {
    const end = starts.get(arrow.to);
    if (end && end.x > -20 && end.x < width + 20) parts.push(successor(arrow, end));
  }
  const dots = stacked(moments.filter((one) => one.episode), x, width);
  if (dots.length) {
    parts.push(svg('text', { class: 'lane', x: 4, y: y + 16, text: 'said of it' }));
    y += LANE + 6;
    parts.push(dots.map((dot) => dotNode(dot, y, scope)));
    y += (Math.max(...dots.map((dot) => dot.row)) + 1) * 3 * DOT + 6;
  }
  canvas.setAttribute('viewBox', `0 0 ${width} ${y}`);
  canvas.setAttribute('height', String(y));
  fill(canvas, fades(), grid(reach, x, width, y), parts);
}

function fades() {
  const stops = (/** @type {boolean} */ turned) => [svg('stop', { offset: turned ? 1 : 0.35, class: 'solid' }), svg('stop', { offset: turned ? 0 : 1, class: 'gone' })];
  return svg('defs', {},
    svg('linearGradient', { id: 'fade' }, stops(false)),
    svg('marker', { id: 'tip', viewBox: '0 0 8 8', refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: 'auto' }, svg('path', { d: 'M0 0L8 4L0 8z', class: 'tip' })));
}

/** @param {Reach} reach @param {(at: number) => number} x @param {number} width @param {number} height */
function grid(reach, x, width, height) {
  const now = x(Date.now());
  return svg('g', { 'aria-hidden': 'true' },
    ticks(reach.from, reach.to, width).map((tick) => [
      svg('line', { class: 'tick', x1: x(tick.at), x2: x(tick.at), y1: 20, y2: height }),
      x(tick.at) < width - 44 && svg('text', { class: `tick-name${tick.strong ? ' strong' : ''}`, x: x(tick.at) + 4, y: 14, text: tick.label }),
    ]),
    now > 0 && now < width && [svg('line', { class: 'now', x1: now, x2: now, y1: 20, y2: height })]);
}

/** Bars in rows, such that neither they nor their words meet. @param {Moment[]} facts @param {(at: number) => number} x @param {number} width @returns {Bar[]} */
function packed(facts, x, width) {
  /** @type {number[]} */
  const ends = [];
  return facts.map((moment) => {
    const start = moment.start ? x(Date.parse(moment.start)) : -8;
    const open = moment.end === null;
    const right = Math.max(start + 5, open ? width + 8 : x(Date.parse(String(moment.end))));
    const words = Math.max(start, 0) + 24 + labelled(moment).length * LETTER;
    let row = ends.findIndex((end) => end < start - 4);
    if (row < 0) row = ends.length;
    ends[row] = Math.max(right, words);
    return { moment, x: start, right, open, before: moment.start === null, row };
  });
}

/** @param {Moment} moment */
function labelled(moment) {
  const text = Array.from(moment.text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '·'));
  return (text.length > 64 ? `${text.slice(0, 63).join('')}…` : text.join('')) + (moment.confidence === null ? '' : `  ${percent(moment.confidence)}`);
}

/** @param {Bar} bar @param {number} y @param {number} width @param {string} scope */
function barNode(bar, y, width, scope) {
  const { moment } = bar;
  const left = Math.max(bar.x, -8);
  const right = Math.min(bar.right, width + 8);
  const sure = moment.confidence ?? 0.5;
  const words = labelled(moment);
  const wide = 24 + words.length * LETTER;
  const inside = Math.max(left, 0) + 9;
  const at = inside + wide > width ? Math.max(4, Math.min(inside, width - wide)) : inside;
  return svg('a', {
    class: 'bar', href: link(['fact', String(moment.fact)], { scope }), 'data-stop': true, 'data-id': `f${moment.fact}`,
    'aria-label': `${moment.text} ${stretch(moment.start, moment.end)}, confidence ${percent(sure)}${moment.replaced_by ? ', replaced' : ''}`,
  },
  svg('rect', { class: 'hit-area', x: Math.min(left, at), y: y - 2, width: Math.max(right - left, wide), height: ROW + 4 }),
  svg('rect', { class: bar.open ? 'span open' : 'span', x: left, y, width: right - left, height: ROW, 'fill-opacity': (0.12 + 0.34 * sure).toFixed(2) }),
  !bar.before && svg('line', { class: 'edge', x1: left, x2: left, y1: y, y2: y + ROW }),
  !bar.open && svg('line', { class: 'edge end', x1: right, x2: right, y1: y, y2: y + ROW }),
  svg('text', { class: 'bar-name', x: at, y: y + 17, text: words }));
}

/** @param {{x: number, y: number}} from @param {{x: number, y: number}} to */
function successor(from, to) {
  const [x1, y1, x2, y2] = [from.x, from.y + ROW / 2, to.x, to.y + ROW / 2];
  const bend = Math.max(14, Math.abs(x2 - x1) / 2);
  const d = y1 === y2 ? `M${x1} ${y1}L${x2 - 1} ${y2}` : `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend - 10} ${y2} ${x2 - 2} ${y2}`;
  return svg('path', { class: 'successor', d, 'marker-end': 'url(#tip)', 'aria-hidden': 'true' });
}

/** Dots that do not lie on each other. @param {Moment[]} episodes @param {(at: number) => number} x @param {number} width */
function stacked(episodes, x, width) {
  /** @type {number[]} */
  const ends = [];
  return episodes.flatMap((moment) => {
    const [start, end] = [Date.parse(String(moment.start)), Date.parse(String(moment.end ?? moment.start))];
    const at = x((start + end) / 2);
    const half = Math.max(0, (x(end) - x(start)) / 2);
    if (!moment.start || at < 0 || at > width) return [];
    let row = ends.findIndex((edge) => edge < at - half - DOT * 1.6);
    if (row < 0) row = ends.length;
    ends[row] = at + half + DOT * 1.6;
    return [{ moment, at, half, row }];
  });
}

/** @param {{moment: Moment, at: number, half: number, row: number}} dot @param {number} top @param {string} scope */
function dotNode(dot, top, scope) {
  const y = top + dot.row * 3 * DOT + DOT;
  const { moment } = dot;
  return svg('a', {
    class: 'dot', href: link(['episode', String(moment.episode)], { scope }), 'data-stop': true, 'data-id': `e${moment.episode}`,
    'aria-label': `${stretch(moment.start, moment.end)}, ${moment.speaker ?? 'someone'}: ${moment.text.slice(0, 200)}`,
  },
  dot.half > DOT && svg('line', { class: 'lasting', x1: dot.at - dot.half, x2: dot.at + dot.half, y1: y, y2: y }),
  svg('circle', { class: 'hit-area', cx: dot.at, cy: y, r: 11 }),
  svg('circle', { class: 'point', cx: dot.at, cy: y, r: DOT }));
}
