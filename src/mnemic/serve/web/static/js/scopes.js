/** The scopes as a person picks them: each path, and `acme/*` for all below. */
import { el } from './dom.js';

const MOST = 1000;

/** @param {{scope: string, episodes: number}[]} scopes @param {string} chosen */
export function options(scopes, chosen) {
  const all = new Map(scopes.slice(0, MOST).map((one) => [one.scope, one.episodes]));
  for (const [path, count] of above(scopes)) all.set(path, count);
  if (!all.has(chosen)) all.set(chosen, scopes.find((one) => one.scope === chosen)?.episodes ?? 0);
  return [...all].sort(([one], [other]) => (one < other ? -1 : 1)).map(([path, count]) => el('option', { value: path, text: `${path} · ${count.toLocaleString('en-GB')}` }));
}

/** What lies above several scopes. @param {{scope: string, episodes: number}[]} scopes @returns {Map<string, number>} */
function above(scopes) {
  const sums = new Map();
  const inside = new Map();
  for (const { scope, episodes } of scopes) {
    const parts = scope.split('/');
    for (let depth = 1; depth < parts.length; depth += 1) {
      const path = `${parts.slice(0, depth).join('/')}/*`;
      sums.set(path, (sums.get(path) ?? 0) + episodes);
      inside.set(path, (inside.get(path) ?? 0) + 1);
    }
  }
  return new Map([...sums].filter(([path]) => (inside.get(path) ?? 0) > 1).slice(0, MOST));
}
