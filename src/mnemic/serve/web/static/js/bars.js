/** The drawing of a timeline: lanes of facts over a real time axis, episodes as dots below. */
import { ticks } from './axis.js';
import { el, fill, svg } from './dom.js';
import { roving } from './keys.js';
import { grouped } from './parts.js';
import { link } from './route.js';
import { percent, relationName, stretch } from './words.js';

/** @typedef {import('./types.js').Moment} Moment */
/** @typedef {{from: number, to: number}} Reach */
/** @typedef {typeof WIDE} Look */
/** @typedef {{moment: Moment, x: number, right: number, open: boolean, before: boolean, row: number, text: number, words: string}} Bar */

const [TOP, DOT, LETTER] = [30, 5, 6.5];
/** Wide: names of lanes beside them, words in the bars. Narrow: both above. */
const WIDE = { narrow: false, row: 26, gap: 8, lane: 0, gutter: 124, bar: 0, thick: 26 };
const NARROW = { narrow: true, row: 34, gap: 8, lane: 24, gutter: 0, bar: 20, thick: 12 };
const NARROW_BELOW = 620;
const HOUR = 3_600_000;

/** @param {Moment[]} moments @param {string} scope @returns {Node} */
export function drawing(moments, scope) {
  const whole = extent(moments);
  /** @type {Reach} */
  let reach = { ...whole };
  const canvas = svg('svg', { class: 'bars', role: 'group', 'data-map': true, 'aria-label': 'Facts and episodes over time; arrows walk, plus and minus zoom' });
  const caption = el('p', { class: 'caption', 'aria-hidden': 'true', text: '\u00a0' });
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
    canvas, el('figcaption', { class: 'quiet' }, 'A bar is when a fact holds; the fuller, the surer. A fading end is open. An arrow leads to what replaced it. Dots are episodes.'), caption);
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
  const look = width < NARROW_BELOW ? NARROW : WIDE;
  const x = (/** @type {number} */ at) => look.gutter + ((at - reach.from) / (reach.to - reach.from)) * (width - look.gutter);
  const lanes = grouped(moments.filter((one) => one.fact), (one) => one.relation ?? '');
  const parts = [];
  /** @type {Map<string, {x: number, y: number}>} */
  const starts = new Map();
  /** @type {Array<{to: string, x: number, y: number}>} */
  const arrows = [];
  let y = TOP;
  for (const [relation, facts] of lanes) {
    const bars = packed(facts, x, width, look).filter((bar) => bar.right > look.gutter && bar.x < width);
    if (!bars.length) continue;
    parts.push(laneName(relationName(relation), y, look));
    y += look.lane;
    for (const bar of bars) {
      const at = y + bar.row * (look.row + look.gap);
      parts.push(barNode(bar, at, width, scope, look));
      starts.set(String(bar.moment.fact), { x: bar.x, y: at + look.bar });
      if (bar.moment.replaced_by) arrows.push({ to: bar.moment.replaced_by, x: Math.min(bar.right, width), y: at + look.bar });
    }
    y += (Math.max(...bars.map((bar) => bar.row)) + 1) * (look.row + look.gap) + 8;
  }
  for (const arrow of arrows) {
    const end = starts.get(arrow.to);
    if (end && end.x > look.gutter && end.x < width) parts.unshift(successor(arrow, end, look));
  }
  const dots = stacked(moments.filter((one) => one.episode), x, look.gutter, width);
  if (dots.length) {
    parts.push(laneName('said of it', y, look));
    y += look.lane + 4;
    parts.push(dots.map((dot) => dotNode(dot, y, scope)));
    y += (Math.max(...dots.map((dot) => dot.row)) + 1) * 3 * DOT + 6;
  }
  canvas.setAttribute('viewBox', `0 0 ${width} ${y}`);
  canvas.setAttribute('height', String(y));
  fill(canvas, fades(look, width), grid(reach, x, width, y), svg('g', { 'clip-path': 'url(#inside)' }, parts.flat().filter((one) => one instanceof Node && one.nodeName !== 'text')), parts.flat().filter((one) => one instanceof Node && one.nodeName === 'text'));
}

/** @param {string} words @param {number} y @param {Look} look */
function laneName(words, y, look) {
  const most = look.narrow ? 60 : 17;
  return svg('text', { class: 'lane', x: look.narrow ? 2 : 0, y: y + 17, text: words.length > most ? `${words.slice(0, most - 1)}…` : words });
}

/** @param {Look} look @param {number} width */
function fades(look, width) {
  const stops = (/** @type {boolean} */ turned) => [svg('stop', { offset: turned ? 1 : 0.35, class: 'solid' }), svg('stop', { offset: turned ? 0 : 1, class: 'gone' })];
  return svg('defs', {},
    svg('linearGradient', { id: 'fade' }, stops(false)),
    svg('clipPath', { id: 'inside' }, svg('rect', { x: Math.max(0, look.gutter - 4), y: 0, width: width - Math.max(0, look.gutter - 4), height: 100_000 })),
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

/** Bars in rows, such that neither they nor their words meet. @param {Moment[]} facts @param {(at: number) => number} x @param {number} width @param {Look} look @returns {Bar[]} */
function packed(facts, x, width, look) {
  /** @type {number[]} */
  const ends = [];
  return facts.map((moment) => {
    const start = moment.start ? x(Date.parse(moment.start)) : look.gutter - 8;
    const open = moment.end === null;
    const right = Math.max(start + 5, open ? width + 8 : x(Date.parse(String(moment.end))));
    const words = labelled(moment);
    const text = wordsAt(Math.max(start, look.gutter), words.length * LETTER, width, look);
    let row = ends.findIndex((end) => end < Math.min(start, text) - 6);
    if (row < 0) row = ends.length;
    ends[row] = Math.max(right, text + words.length * LETTER);
    return { moment, x: start, right, open, before: moment.start === null, row, text, words };
  });
}

/** Where a bar's words begin: in it, or where the drawing ends too soon, before it. @param {number} left @param {number} wide @param {number} width @param {Look} look */
function wordsAt(left, wide, width, look) {
  if (look.narrow) return Math.max(2, Math.min(left, width - wide - 4));
  return left + 9 + wide < width ? left + 9 : Math.max(look.gutter, left - 8 - wide);
}

/** @param {Moment} moment */
function labelled(moment) {
  const text = Array.from(moment.text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '·'));
  return (text.length > 64 ? `${text.slice(0, 63).join('')}…` : text.join('')) + (moment.confidence === null ? '' : `  ${percent(moment.confidence)}`);
}

/** @param {Bar} bar @param {number} y @param {number} width @param {string} scope @param {Look} look */
function barNode(bar, y, width, scope, look) {
  const { moment } = bar;
  const left = Math.max(bar.x, look.gutter - 8);
  const right = Math.min(bar.right, width + 8);
  const sure = moment.confidence ?? 0.5;
  const top = y + look.bar;
  const from = Math.min(left, bar.text) - 3;
  return svg('a', {
    class: 'bar', href: link(['fact', String(moment.fact)], { scope }), 'data-stop': true, 'data-id': `f${moment.fact}`,
    'aria-label': `${moment.text} ${stretch(moment.start, moment.end)}, confidence ${percent(sure)}${moment.replaced_by ? ', replaced' : ''}`,
  },
  svg('rect', { class: 'hit-area', x: from, y: y - 2, width: Math.min(width - 2, Math.max(right, bar.text + bar.words.length * LETTER)) - from, height: look.row + 4 }),
  svg('rect', { class: bar.open ? 'span open' : 'span', x: left, y: top, width: right - left, height: look.thick, 'fill-opacity': (0.12 + 0.34 * sure).toFixed(2) }),
  !bar.before && svg('line', { class: 'edge', x1: left, x2: left, y1: top, y2: top + look.thick }),
  !bar.open && svg('line', { class: 'edge end', x1: right, x2: right, y1: top, y2: top + look.thick }),
  svg('text', { class: look.narrow ? 'bar-name above' : 'bar-name', x: bar.text, y: y + (look.narrow ? 14 : 17), text: bar.words }));
}

/** From where one ends, between the rows, to where the next begins. @param {{x: number, y: number}} from @param {{x: number, y: number}} to @param {Look} look */
function successor(from, to, look) {
  const down = to.y >= from.y;
  const [y1, y2] = down ? [from.y + look.thick, to.y - 1] : [from.y, to.y + look.thick + 1];
  const d = Math.abs(to.y - from.y) < 2
    ? `M${from.x} ${from.y + look.thick / 2}H${to.x - 1}`
    : `M${from.x} ${y1}V${y1 + (down ? 4 : -4)}H${to.x}V${y2}`;
  return svg('path', { class: 'successor', d, 'marker-end': 'url(#tip)', 'aria-hidden': 'true' });
}

/** Dots that do not lie on each other. @param {Moment[]} episodes @param {(at: number) => number} x @param {number} left @param {number} width */
function stacked(episodes, x, left, width) {
  /** @type {number[]} */
  const ends = [];
  return episodes.flatMap((moment) => {
    const [start, end] = [Date.parse(String(moment.start)), Date.parse(String(moment.end ?? moment.start))];
    const at = x((start + end) / 2);
    const half = Math.max(0, (x(end) - x(start)) / 2);
    if (!moment.start || at < left || at > width) return [];
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
