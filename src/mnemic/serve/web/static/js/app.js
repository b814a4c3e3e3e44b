/** The shell: which view an address means, the scope, the key, and what shows while a view is awaited. */
import { Trouble, get } from './api.js';
import { byId, el, fill } from './dom.js';
import { listen } from './keys.js';
import { failed, heading, loading } from './parts.js';
import { go, link, parse, settle } from './route.js';
import { options } from './scopes.js';
import { episode } from './views/episode.js';
import { fact } from './views/fact.js';
import { facts } from './views/facts.js';
import { health } from './views/health.js';
import { keyForm } from './views/key.js';
import { palace } from './views/palace.js';
import { room } from './views/room.js';
import { run } from './views/run.js';
import { nothingYet, search } from './views/search.js';
import { sleep } from './views/sleep.js';
import { timeline } from './views/timeline.js';

/** @typedef {import('./types.js').Visit} Visit */

/** @type {Record<string, {name: string, show: (visit: Visit) => Promise<Node>, tab?: string}>} */
const VIEWS = {
  search: { name: 'Search', show: search, tab: 'search' },
  timeline: { name: 'Timeline', show: timeline, tab: 'timeline' },
  palace: { name: 'Palace', show: palace, tab: 'palace' },
  facts: { name: 'Facts', show: facts, tab: 'facts' },
  sleep: { name: 'Sleep', show: sleep, tab: 'sleep' },
  health: { name: 'Health', show: health, tab: 'health' },
  room: { name: 'Room', show: room },
  episode: { name: 'Episode', show: episode },
  fact: { name: 'Fact', show: fact },
  run: { name: 'Run', show: run },
};
/** @type {Record<string, string>} */
const UNDER = { room: 'palace', episode: 'search', fact: 'facts', run: 'sleep' };
const SCOPE = 'mnemic.scope';
const WAIT_MS = 150;

let leaving = new AbortController();
let forward = false;
/** @type {{scope: string, episodes: number}[]|null} */
let scopes = null;
/** Where each address was scrolled to. @type {Map<string, number>} */
const scrolled = new Map();
let shown = '';

/** Shows what the address asks for. */
async function render() {
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const stepped = forward || shown === '';
  forward = false;
  if (shown) scrolled.set(shown, window.scrollY);
  const main = byId('main');
  const waiting = setTimeout(() => { if (!signal.aborted) fill(main, loading('Asking the memory …')); }, WAIT_MS);
  try {
    const { path, query } = parse(location.hash);
    const scope = await scopeOf(query, signal);
    const name = path[0] ?? 'search';
    nav(name, scope);
    const view = Object.hasOwn(VIEWS, name) ? VIEWS[name] : null;
    const node = !view ? lost() : !scopes?.length && name !== 'health' ? el('div', {}, heading(view.name), nothingYet()) : await view.show({ path, query, scope, signal });
    if (signal.aborted) return;
    clearTimeout(waiting);
    fill(main, node);
    arrive(main, stepped);
  } catch (error) {
    clearTimeout(waiting);
    if (signal.aborted) return;
    fill(main, trouble(error));
    arrive(main, true);
  }
  shown = location.hash;
}

/** @param {HTMLElement} main @param {boolean} stepped */
function arrive(main, stepped) {
  window.scrollTo(0, stepped ? 0 : scrolled.get(location.hash) ?? 0);
  const target = main.querySelector('[data-focus]') ?? (shown ? main.querySelector('h1') : null);
  if (target instanceof HTMLElement) target.focus({ preventScroll: true });
}

/** @param {unknown} error @returns {Node} */
function trouble(error) {
  if (error instanceof Trouble && error.status === 401) return keyForm(() => { scopes = null; void render(); });
  const head = heading('Mnemic');
  head.classList.add('unseen');
  return el('div', {}, head, failed(error, () => { scopes = null; void render(); }));
}

/** @returns {Node} */
function lost() {
  return el('div', { class: 'state' }, heading('There is no such view'), el('p', {}, 'Go to the ', el('a', { href: link('search') }, 'search'), '.'));
}

/** The scope of this visit: the address's, else the last one of this tab, else the fullest. @param {URLSearchParams} query @param {AbortSignal} signal */
async function scopeOf(query, signal) {
  if (!scopes?.length) scopes = (await get('/v1/scopes', {}, signal)).scopes;
  const known = scopes ?? [];
  const fullest = [...known].sort((one, other) => other.episodes - one.episodes)[0]?.scope ?? 'default';
  const scope = query.get('scope') || sessionStorage.getItem(SCOPE) || fullest;
  sessionStorage.setItem(SCOPE, scope);
  const select = /** @type {HTMLSelectElement} */ (byId('scope'));
  fill(select, options(known, scope));
  select.value = scope;
  return scope;
}

/** @param {string} view @param {string} scope */
function nav(view, scope) {
  const here = UNDER[view] ?? view;
  fill(byId('nav'), Object.values(VIEWS).filter((one) => one.tab).map((one) => el('a', {
    href: link(String(one.tab), { scope }), 'aria-current': one.tab === here ? 'page' : null, text: one.name,
  })));
}

/** The same view in another scope; what is of one scope only is left. */
function rescope() {
  const { path, query } = parse(location.hash);
  const select = /** @type {HTMLSelectElement} */ (byId('scope'));
  const asked = Object.fromEntries(query);
  const view = UNDER[path[0]] ?? path[0] ?? 'search';
  const kept = view === path[0] ? asked : {};
  delete kept.wing;
  delete kept.place;
  go(link(view, { ...kept, scope: select.value }));
}

function start() {
  byId('scope').addEventListener('change', rescope);
  byId('skip').addEventListener('click', (event) => {
    event.preventDefault();
    byId('main').focus();
  });
  document.addEventListener('click', (event) => {
    if (event.target instanceof Element && event.target.closest('a[href^="#"]')) forward = true;
  }, true);
  window.addEventListener('hashchange', () => void render());
  window.addEventListener('mnemic:scopes', () => { scopes = null; });
  listen(() => {
    const field = document.getElementById('query');
    if (field) field.focus();
    else {
      forward = true;
      go(link('search', { scope: sessionStorage.getItem(SCOPE) }));
    }
  });
  if (!location.hash) settle(link('search'));
  void render();
}

start();
