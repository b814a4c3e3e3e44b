/** Questions to the server. A problem comes back as `Trouble`, whatever went wrong. */

const KEY = 'mnemic.key';

/** What went wrong: the server's status (0: it did not answer), a title and a sentence. */
export class Trouble extends Error {
  /** @param {number} status @param {string} title @param {string} detail @param {number} [retry] */
  constructor(status, title, detail, retry) {
    super(detail);
    this.status = status;
    this.title = title;
    this.retry = retry;
  }
}

/** @returns {string|null} */
export function key() {
  return sessionStorage.getItem(KEY);
}

/** Keeps a key for this tab, or drops it. @param {string|null} value */
export function keep(value) {
  if (value === null) sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, value);
}

/**
 * @param {string} path @param {Record<string, any>} [asked] @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
export function get(path, asked = {}, signal) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(present(asked))) query.set(name, String(value));
  const said = query.toString();
  return send(`${path}${said ? `?${said}` : ''}`, { method: 'GET', signal });
}

/**
 * @param {string} path @param {Record<string, any>} [asked] @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
export function post(path, asked = {}, signal) {
  const headers = { 'content-type': 'application/json' };
  return send(path, { method: 'POST', headers, body: JSON.stringify(present(asked)), signal });
}

/** @param {Record<string, any>} asked @returns {Record<string, any>} */
function present(asked) {
  return Object.fromEntries(
    Object.entries(asked).filter(([, value]) => value !== undefined && value !== null && value !== ''),
  );
}

/** @param {string} path @param {RequestInit} how @returns {Promise<any>} */
async function send(path, how) {
  const answer = await reach(path, how);
  const text = await answer.text();
  if (answer.ok) return shaped(text, answer.headers.get('content-type') ?? '');
  throw troubleOf(answer, text);
}

/** The answer as it came, for what is not a problem when it says no (readiness). @param {string} path @param {AbortSignal} [signal] */
export async function look(path, signal) {
  const answer = await reach(path, { method: 'GET', signal });
  return { status: answer.status, text: await answer.text() };
}

/** @param {string} path @param {RequestInit} how @returns {Promise<Response>} */
async function reach(path, how) {
  const held = key();
  const headers = { accept: 'application/json', ...how.headers, ...(held ? { authorization: `Bearer ${held}` } : {}) };
  try {
    return await fetch(path, { ...how, headers, cache: 'no-store', credentials: 'omit', redirect: 'error' });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new Trouble(0, 'No answer', 'The server does not answer. Is “mnemic serve” still running?');
  }
}

/** @param {string} text @param {string} kind */
function shaped(text, kind) {
  if (!kind.includes('json')) return text;
  return text === '' ? null : JSON.parse(text);
}

/** @param {Response} answer @param {string} text */
function troubleOf(answer, text) {
  const retry = Number(answer.headers.get('retry-after')) || undefined;
  try {
    /** @type {import('./types.js').Problem} */
    const problem = JSON.parse(text);
    return new Trouble(answer.status, problem.title ?? 'Problem', problem.detail ?? text, retry);
  } catch {
    return new Trouble(answer.status, 'Problem', `The server answered ${answer.status}.`, retry);
  }
}
