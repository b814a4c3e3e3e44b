/** The palace as a floor plan: wings, and in them rooms, each as large as what lies in it. */
import { get } from '../api.js';
import { el } from '../dom.js';
import { roving } from '../keys.js';
import { empty, heading } from '../parts.js';
import { link } from '../route.js';
import { squarify } from '../squarify.js';
import { name, nodes } from '../verbatim.js';
import { counted } from '../words.js';

/** @typedef {import('../types.js').Room} Room */
/** @typedef {import('../types.js').Visit} Visit */
/** @typedef {[string, Room[]]} Wing */

const [WINGS, ROOMS] = [12, 80];

/** @param {Visit} visit @returns {Promise<Node>} */
export async function palace(visit) {
  const { wings } = await get('/v1/palace', { scope: visit.scope }, visit.signal);
  const all = /** @type {Wing[]} */ (Object.entries(wings));
  const named = visit.query.get('wing');
  const one = all.find(([wing]) => wing === named);
  if (!all.length) {
    return el('div', {}, heading('Palace'), empty('No rooms are built yet', 'Sleep puts what was said into wings and rooms. Run one under ', el('a', { href: link('sleep', { scope: visit.scope }), text: 'Sleep' }), '.'));
  }
  if (named !== null && !one) return el('div', {}, heading('Palace'), empty('There is no such wing', el('a', { href: link('palace', { scope: visit.scope }), text: 'See all of them' }), '.'));
  return one ? wingPlan(one, visit) : wholePlan(all, visit);
}

/** @param {Room[]} rooms */
function inside(rooms) {
  return rooms.reduce((sum, room) => sum + room.size, 0);
}

/** @param {Wing[]} wings @param {Visit} visit */
function wholePlan(wings, visit) {
  const shown = wings.slice(0, WINGS);
  const shape = proportions(shown.reduce((sum, [, rooms]) => sum + Math.min(inside(rooms), 3 * rooms.length), 0));
  const boxes = squarify(shown.map(([, rooms]) => Math.max(1, inside(rooms))), { x: 0, y: 0, ...shape });
  const plan = el('div', { class: 'plan', 'data-map': true, role: 'group', 'aria-label': 'Plan of the palace; arrows walk through it' },
    shown.map(([wing, rooms], index) => {
      const box = boxes[index];
      const hall = el('section', { class: 'wing', 'aria-label': `Wing ${wing}` },
        el('a', { class: 'wing-name', href: link('palace', { wing, scope: visit.scope }), 'data-stop': true, 'aria-label': `Wing ${wing}, ${counted(inside(rooms), 'episode')}` },
          name(wing), el('span', { class: 'quiet', text: String(inside(rooms)) })),
        el('div', { class: 'floor' }, cells(wing, rooms.slice(0, ROOMS), { width: box.width, height: box.height }, visit)));
      return placed(hall, box, shape);
    }));
  plan.style.aspectRatio = `${shape.width} / ${shape.height}`;
  roving(plan);
  return el('div', {}, heading('Palace', el('p', { class: 'lede', text: `${counted(wings.length, 'wing')}, ${counted(wings.reduce((sum, [, rooms]) => sum + rooms.length, 0), 'room')}; each as large as what was said in it.` })),
    plan, directory(wings, visit, wings.length > WINGS));
}

/** @param {Wing} wing @param {Visit} visit */
function wingPlan([wing, rooms], visit) {
  const shown = rooms.slice(0, ROOMS);
  const shape = proportions(Math.min(inside(shown), 3 * shown.length));
  const plan = el('div', { class: 'plan one', 'data-map': true, role: 'group', 'aria-label': `Plan of the wing ${wing}; arrows walk through it` },
    el('div', { class: 'floor' }, cells(wing, shown, shape, visit)));
  plan.style.aspectRatio = `${shape.width} / ${shape.height}`;
  roving(plan);
  return el('div', {}, crumbs(visit, wing), heading(wing, el('p', { class: 'lede', text: `${counted(rooms.length, 'room')}, ${counted(inside(rooms), 'episode')}` })),
    plan, directory([[wing, rooms]], visit, rooms.length > ROOMS));
}

/** Narrow screens get a tall plan. @param {number} weight in episodes, or rooms */
function proportions(weight) {
  const width = Math.min(1080, Math.max(320, window.innerWidth - 32));
  const height = width > 700 ? width * 0.6 : Math.max(width * 1.1, Math.min(3600, (weight * 9600) / width));
  return { width, height };
}

/** @param {string} wing @param {Room[]} rooms @param {{width: number, height: number}} shape @param {Visit} visit */
function cells(wing, rooms, shape, visit) {
  const boxes = squarify(rooms.map((room) => Math.max(1, room.size)), { x: 0, y: 0, ...shape });
  return rooms.map((room, index) => placed(el('a', {
    class: 'room', href: link('room', { wing, room: room.room, scope: visit.scope }), 'data-stop': true,
    'aria-label': `Room ${room.name}, ${counted(room.size, 'episode')}`, title: room.name,
  }, el('span', { class: 'room-inner' }, el('b', {}, name(room.name)), el('span', { class: 'count', text: String(room.size) }),
    room.summary && el('span', { class: 'gist', dir: 'auto' }, nodes(room.summary.slice(0, 400))))), boxes[index], shape));
}

/** @param {HTMLElement} element @param {import('../squarify.js').Box} box @param {{width: number, height: number}} shape */
function placed(element, box, shape) {
  const share = (/** @type {number} */ part, /** @type {number} */ whole) => `${(100 * part) / whole}%`;
  Object.assign(element.style, { left: share(box.x, shape.width), top: share(box.y, shape.height), width: share(box.width, shape.width), height: share(box.height, shape.height) });
  return element;
}

/** The same as a list. @param {Wing[]} wings @param {Visit} visit @param {boolean} open */
function directory(wings, visit, open) {
  return el('details', { class: 'directory', open: open || null }, el('summary', { text: 'All rooms as a list' }),
    wings.map(([wing, rooms]) => el('section', {}, el('h2', {}, name(wing)),
      el('ul', { 'data-list': true }, rooms.map((room) => el('li', {}, el('a', { href: link('room', { wing, room: room.room, scope: visit.scope }), 'data-stop': true }, name(room.name)), el('span', { class: 'quiet', text: ` ${room.size}` })))))));
}

/** Where one is, and the way up. @param {Visit} visit @param {string} wing @param {string} [room] */
export function crumbs(visit, wing, room) {
  const whole = { href: link('palace', { scope: visit.scope }), text: 'Palace' };
  return el('nav', { class: 'crumbs', 'aria-label': 'Where you are' },
    el('a', room === undefined ? { ...whole, 'data-up': true } : whole), el('span', { 'aria-hidden': 'true', text: '/' }),
    room === undefined ? el('span', { 'aria-current': 'page' }, name(wing))
      : [el('a', { href: link('palace', { wing, scope: visit.scope }), 'data-up': true }, name(wing)), el('span', { 'aria-hidden': 'true', text: '/' }), el('span', { 'aria-current': 'page' }, name(room))]);
}
