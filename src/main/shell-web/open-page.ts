/**
 * Where a one-time link lands. The token stands behind `#`, which browsers send to nobody; it is
 * redeemed once for a cookie that scripts cannot read, and leaves the address bar.
 */
export const OPEN_PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Cloche</title>
<link rel="icon" href="data:,">
<script src="/open.js" defer></script>
<p id="say">Opening Cloche…</p>
</html>
`

export const OPEN_SCRIPT = `const token = location.hash.slice(1)
history.replaceState(null, '', '/open')
fetch('/redeem', { method: 'POST', body: token }).then(async (answer) => {
  if (answer.ok) location.replace(await answer.text())
  else document.getElementById('say').textContent =
    'This link was used already or is too old. Run npm start or npm run serve again to get a new one.'
})
`
