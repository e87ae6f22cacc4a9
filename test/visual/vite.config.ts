import { resolve } from 'node:path'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

/** The renderer on a made-up host, built as the product is, so that the same CSP applies. */
export default defineConfig({
  root: resolve(import.meta.dirname, 'harness'),
  base: './',
  plugins: [react()],
  build: {
    outDir: resolve(import.meta.dirname, '../../.cache/visual'),
    emptyOutDir: true,
    chunkSizeWarningLimit: 2000,
  },
  logLevel: 'warn',
})
