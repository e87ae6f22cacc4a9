import { config } from 'zod'

// Imported before any schema: zod would otherwise try `new Function`, which our CSP reports.
config({ jitless: true })
