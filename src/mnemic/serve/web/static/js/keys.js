/**
 * The keyboard: `/` goes to the search, arrows walk lists (`data-list`) and maps (`data-map`), Esc
 * goes up (`data-up`), `?` tells all this. Places to stop at carry `data-stop`.
 */
import { el } from './dom.js';

/** @param {() => void} search goes to the search field */
export function listen(search) {
  document.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector('dialog[open]')) return;
    const typing = event.target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
    if (acted(event.key, typing, search)) event.preventDefault();
  });
}

/** @param {string} pressed @param {boolean} typing @param {() => void} search @returns {boolean} */
function acted(pressed, typing, search) {
  if (pressed.startsWith('Arrow')) return walk(pressed, typing);
  if (pressed === 'Escape') return up(typing);
  if (typing) return false;
  if (pressed === '/') search();
  else if (pressed === '?') help();
  else return false;
  return true;
}

/** @param {string} pressed @param {boolean} typing @returns {boolean} */
function walk(pressed, typing) {
  const here = document.activeElement;
  if (typing) {
    const to = here?.hasAttribute('data-into') && pressed === 'ArrowDown' ? document.querySelector('[data-list] [data-stop]') : null;
    return focus(to);
  }
  const map = here?.closest('[data-map]');
  if (map && here) return focus(nearest(here, stops(map), pressed));
  const list = here?.closest('[data-list]') ?? (here === document.body || here?.id === 'main' || here?.tagName === 'H1' ? document.querySelector('#main [data-list]') : null);
  if (!list || !/Up|Down/.test(pressed)) return false;
  const all = stops(list);
  const at = here ? all.findIndex((one) => one === here || one.closest('li')?.contains(here)) : -1;
  return focus(all[pressed === 'ArrowDown' ? at + 1 : Math.max(0, at - 1)] ?? null);
}

/** @param {Element} within @returns {Element[]} */
function stops(within) {
  return [...within.querySelectorAll('[data-stop]')];
}

/** @param {Element|null} element @returns {boolean} */
function focus(element) {
  if (!element) return false;
  const map = element.closest('[data-map]');
  if (map) for (const one of stops(map)) one.setAttribute('tabindex', one === element ? '0' : '-1');
  /** @type {HTMLElement} */ (element).focus();
  element.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  return true;
}

/** The place that lies next in a direction: near, and not far off the line. @param {Element} from @param {Element[]} all @param {string} pressed */
function nearest(from, all, pressed) {
  const start = middle(from);
  const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[pressed] ?? [0, 0];
  let best = null;
  let least = Infinity;
  for (const one of all) {
    const at = middle(one);
    const ahead = (at.x - start.x) * dx + (at.y - start.y) * dy;
    const aside = Math.abs((at.x - start.x) * dy) + Math.abs((at.y - start.y) * dx);
    if (one === from || ahead < 2) continue;
    if (ahead + 2 * aside < least) [best, least] = [one, ahead + 2 * aside];
  }
  return best;
}

/** @param {Element} element */
function middle(element) {
  const box = element.getBoundingClientRect();
  return { x: box.left + box.width / 2, y: box.top + box.height / 2 };
}

/** Makes one place of a map the one that Tab comes to. @param {Element} map */
export function roving(map) {
  stops(map).forEach((one, index) => one.setAttribute('tabindex', index ? '-1' : '0'));
}

/** @param {boolean} typing @returns {boolean} */
function up(typing) {
  const here = document.activeElement;
  const open = here?.closest('details[open]');
  if (open instanceof HTMLDetailsElement) {
    open.open = false;
    open.querySelector('summary')?.focus();
    return true;
  }
  if (typing && here instanceof HTMLElement) {
    here.blur();
    return true;
  }
  const way = document.querySelector('#main [data-up]');
  if (way instanceof HTMLElement) way.click();
  return way !== null;
}

function help() {
  const rows = [['/', 'search'], ['↑ ↓', 'walk a list'], ['← → ↑ ↓', 'walk a map or a drawing'],
    ['+ − 0', 'zoom a timeline, fit it'], ['Esc', 'close, or go up'], ['?', 'these keys']];
  const box = /** @type {HTMLDialogElement} */ (el('dialog', { 'aria-labelledby': 'keys' },
    el('form', { method: 'dialog' }, el('h2', { id: 'keys', text: 'Keys' }),
      el('dl', { class: 'keys' }, rows.map(([press, does]) => [el('dt', {}, el('kbd', { text: press })), el('dd', { text: does })])),
      el('div', { class: 'acts' }, el('button', { value: 'no', text: 'Close' })))));
  box.addEventListener('close', () => box.remove());
  document.body.append(box);
  box.showModal();
}
