// Cookies that the server reads, too. Under TLS they have the name prefix with which browsers take them
// from this host only (salesprocess/lib/cookies.py).

const isSecure = location.protocol === 'https:';
const named = (name) => `${isSecure ? '__Host-' : ''}${name}`;

// For `seconds`; none at all forget it.
export function keepCookie(name, value, seconds) {
  const rest = `path=/;max-age=${seconds};samesite=lax${isSecure ? ';secure' : ''}`;
  document.cookie = `${named(name)}=${value};${rest}`;
}

export function cookie(name) {
  const start = `${named(name)}=`;
  const found = document.cookie.split('; ').find((each) => each.startsWith(start));
  return found?.slice(start.length);
}
