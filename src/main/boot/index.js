// What Electron allows only before it is ready, done while this file loads: an ES module may be
// evaluated later than that. Everything else is in the built entry.
const { app, protocol } = require('electron')

app.enableSandbox()
protocol.registerSchemesAsPrivileged([
  { scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: true } },
])
import('../../../out/main/index.mjs').catch((cause) => {
  console.error(cause)
  app.exit(1)
})
