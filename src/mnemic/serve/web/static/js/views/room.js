/** A room: its summary, what lies in it by date and strength, and the same as a list. */
import { get } from '../api.js';
import { ticks } from '../axis.js';
import { el, fill, svg } from '../dom.js';
import { roving } from '../keys.js';
import { byline, episodeLink, heading, tooMany } from '../parts.js';
import { link } from '../route.js';
import { excerpt, name, nodes } from '../verbatim.js';
import { counted, day, percent, signed } from '../words.js';
import { crumbs } from './palace.js';

/** @typedef {import('../types.js').Seen} Seen */
/** @typedef {import('../types.js').Visit} Visit */

const [HEIGHT, LEFT, BASE] = [260, 44, 232];

/** @param {Visit} visit @returns {Promise<Node>} */
export async function room(visit) {
  const wing = visit.query.get('wing') ?? '';
  const number = visit.query.get('room') ?? '';
  const [found, { wings }] = await Promise.all([
    get('/v1/room', { wing, room: number, scope: visit.scope, limit: 200 }, visit.signal),
    get('/v1/palace', { scope: visit.scope }, visit.signal),
  ]);
  const about = (wings[wing] ?? []).find((/** @type {{room: string}} */ one) => one.room === number);
  const episodes = /** @type {Seen[]} */ (found.episodes);
  const title = about?.name ?? number;
  return el('div', {}, crumbs(visit, wing, title),
    heading(title, el('p', { class: 'lede' }, `${counted(found.size, 'episode')} in the wing `, name(wing),
      about?.was.length ? [', called ', name(about.was.join(', ')), ' before'] : null, '. ',
      el('a', { href: link('search', { place: `${wing}/${number}`, scope: visit.scope }), text: 'Search in this room' }))),
    about?.summary && el('blockquote', { class: 'summary', dir: 'auto' }, nodes(about.summary)),
    episodes.length > 1 && plot(episodes), list(episodes),
    found.size > episodes.length && tooMany(found.size - episodes.length, 'episode'));
}

/** @param {Seen} episode */
function said(episode) {
  return Date.parse(episode.said_at ?? episode.ingested_at);
}

/** @param {Seen} episode */
function told(episode) {
  const new_ = episode.surprise === null ? 'not yet replayed' : `surprise ${percent(episode.surprise)}`;
  return `${day(episode.said_at ?? episode.ingested_at)}, ${episode.speaker ?? 'someone'}: ${episode.text.slice(0, 160)} (strength ${signed(episode.strength, 1)}, ${new_})`;
}

/** Date across, strength up, surprise as size. @param {Seen[]} episodes */
function plot(episodes) {
  const canvas = svg('svg', { class: 'scatter', role: 'group', 'data-map': true, height: HEIGHT, 'aria-label': 'Episodes by date and strength; arrows walk through them' });
  const caption = el('p', { class: 'caption', 'aria-hidden': 'true', text: '\u00a0' });
  const tell = (/** @type {Event} */ event) => {
    const at = event.target instanceof Element ? event.target.closest('[data-stop]') : null;
    if (at) caption.textContent = at.getAttribute('aria-label');
  };
  canvas.addEventListener('focusin', tell);
  canvas.addEventListener('pointerover', tell);
  new ResizeObserver(() => paint(canvas, episodes, Math.max(280, canvas.clientWidth))).observe(canvas);
  return el('figure', { class: 'drawing' }, canvas, key(), caption);
}

/** @param {SVGElement} canvas @param {Seen[]} episodes @param {number} width */
function paint(canvas, episodes, width) {
  const times = episodes.map(said);
  const air = Math.max(3_600_000, (Math.max(...times) - Math.min(...times)) * 0.06);
  const [from, to] = [Math.min(...times) - air, Math.max(...times) + air];
  const strengths = episodes.map((one) => one.strength);
  const [low, high] = [Math.min(...strengths) - 0.15, Math.max(...strengths) + 0.15];
  const x = (/** @type {number} */ at) => LEFT + ((at - from) / (to - from)) * (width - LEFT - 16);
  const y = (/** @type {number} */ strength) => 20 + (1 - (strength - low) / (high - low)) * (BASE - 40);
  canvas.setAttribute('viewBox', `0 0 ${width} ${HEIGHT}`);
  fill(canvas,
    svg('g', { 'aria-hidden': 'true' },
      svg('line', { class: 'wall', x1: LEFT, x2: width, y1: BASE, y2: BASE }), svg('line', { class: 'wall', x1: LEFT, x2: LEFT, y1: 8, y2: BASE }),
      ticks(from, to, width - LEFT).map((tick) => [svg('line', { class: 'tick', x1: x(tick.at), x2: x(tick.at), y1: 8, y2: BASE }), x(tick.at) < width - 40 && svg('text', { class: 'tick-name', x: x(tick.at) + 3, y: BASE + 16, text: tick.label })]),
      svg('text', { class: 'tick-name', transform: `translate(16 ${BASE - 6}) rotate(-90)`, text: 'weak' }),
      svg('text', { class: 'tick-name', transform: 'translate(16 58) rotate(-90)', text: 'strong' })),
    episodes.map((one) => svg('a', { class: `dot${one.hidden ? ' hidden' : ''}`, href: episodeLink(one), 'data-stop': true, 'aria-label': told(one) },
      svg('circle', { class: 'hit-area', cx: x(said(one)), cy: y(one.strength), r: 14 }),
      svg('circle', { class: one.surprise === null ? 'point hollow' : 'point', cx: x(said(one)), cy: y(one.strength), r: 4 + 9 * (one.surprise ?? 0.2), 'fill-opacity': (0.25 + 0.6 * (one.surprise ?? 0)).toFixed(2) }))));
  roving(canvas);
}

function key() {
  const dot = (/** @type {number|null} */ surprise) => svg('svg', { width: 26, height: 26, class: 'scatter', 'aria-hidden': 'true' },
    svg('circle', { class: surprise === null ? 'point hollow' : 'point', cx: 13, cy: 13, r: 4 + 9 * (surprise ?? 0.2), 'fill-opacity': (0.25 + 0.6 * (surprise ?? 0)).toFixed(2) }));
  return el('figcaption', { class: 'legend quiet' }, 'Higher is stronger.', el('span', {}, dot(0.1), 'expected'), el('span', {}, dot(0.5), 'new'), el('span', {}, dot(0.9), 'surprising'), el('span', {}, dot(null), 'not replayed yet'));
}

/** @param {Seen[]} episodes */
function list(episodes) {
  const place = el('ul', { class: 'episodes', 'data-list': true });
  /** @type {Record<string, (one: Seen, other: Seen) => number>} */
  const orders = {
    strongest: (one, other) => other.strength - one.strength, newest: (one, other) => said(other) - said(one),
    'most surprising': (one, other) => (other.surprise ?? -1) - (one.surprise ?? -1),
  };
  const show = (/** @type {string} */ order) => {
    fill(place, [...episodes].sort(orders[order]).map(item));
    buttons.forEach((button) => button.setAttribute('aria-pressed', String(button.textContent === order)));
  };
  const buttons = Object.keys(orders).map((order) => el('button', { type: 'button', text: order, onclick: () => show(order) }));
  show('strongest');
  return el('section', {}, el('div', { class: 'bar-line' }, el('h2', { text: 'What lies here' }), el('div', { class: 'switch', role: 'group', 'aria-label': 'Order' }, buttons)), place);
}

/** @param {Seen} one */
function item(one) {
  return el('li', { class: 'episode' },
    byline(one, el('span', { title: 'How easily it comes back; higher is stronger', text: `strength ${signed(one.strength, 1)}` }),
      one.surprise !== null && el('span', { text: `surprise ${percent(one.surprise)}` }), one.hidden && el('span', { class: 'badge', text: 'suppressed' })),
    el('a', { class: 'text', href: episodeLink(one), 'data-stop': true }, excerpt(one.text)));
}
