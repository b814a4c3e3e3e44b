/** Addresses: `#/view/part?name=value`. Every view has one, so it can be shared and Back works. */

/** @param {string} hash @returns {{path: string[], query: URLSearchParams}} */
export function parse(hash) {
  const [path, query = ''] = split(hash.replace(/^#?\/?/, ''));
  return { path: path.split('/').filter(Boolean).map(decoded), query: new URLSearchParams(query) };
}

/** @param {string} text @returns {[string, string]} */
function split(text) {
  const at = text.indexOf('?');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

/** @param {string} part */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/**
 * An address. Names without a value are left out.
 * @param {string|Array<string|number>} path @param {Record<string, any>} [query]
 */
export function link(path, query = {}) {
  const parts = (Array.isArray(path) ? path : [path]).map((one) => encodeURIComponent(String(one)));
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== '' && value !== false) {
      asked.set(name, value === true ? '1' : String(value));
    }
  }
  const said = asked.toString();
  return `#/${parts.join('/')}${said ? `?${said}` : ''}`;
}

/** Goes to an address; the same one again is asked anew. @param {string} hash */
export function go(hash) {
  if (location.hash === hash) window.dispatchEvent(new HashChangeEvent('hashchange'));
  else location.hash = hash;
}

/** Changes the address without a step to go back to. @param {string} hash */
export function settle(hash) {
  history.replaceState(null, '', hash);
}
