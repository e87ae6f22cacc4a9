import { resolve } from 'node:path'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'electron-vite'
import { build, type Plugin } from 'vite'

const from = (path: string) => resolve(import.meta.dirname, path)

/** The replay of an exported HTML file: one script and one style sheet, each a file of its own. */
const offlinePage = (): Plugin => ({
  name: 'cloche-offline-page',
  apply: 'build',
  closeBundle: async () => {
    await build({
      configFile: false,
      root: from('src/renderer'),
      plugins: [react()],
      logLevel: 'warn',
      build: {
        outDir: from('out/renderer'),
        emptyOutDir: false,
        cssCodeSplit: false,
        modulePreload: false,
        chunkSizeWarningLimit: 3000,
        rollupOptions: {
          input: from('src/renderer/offline.tsx'),
          output: {
            format: 'iife',
            entryFileNames: 'offline.js',
            assetFileNames: 'offline[extname]',
          },
        },
      },
    })
  },
})

export default defineConfig({
  main: {
    build: {
      outDir: 'out/main',
      rollupOptions: {
        input: {
          index: from('src/main/index.ts'),
          host: from('src/main/host.ts'),
          serve: from('src/main/serve.ts'),
          verify: from('src/main/verify.ts'),
          cloche: from('src/main/cloche.ts'),
          'pty-host': from('src/main/pty/pty-host.ts'),
          'sandbox-listener': from('src/main/egress/sandbox-listener.ts'),
          'sandbox-connector': from('src/main/backends/ports/sandbox-connector.ts'),
          'container-bridge': from('src/main/backends/containers/container-bridge.ts'),
          'machine-terminal': from('src/main/backends/vm/machine-terminal.ts'),
        },
        output: { format: 'es', entryFileNames: '[name].mjs' },
      },
    },
  },
  preload: {
    build: {
      outDir: 'out/preload',
      // A sandboxed preload can require nothing but electron, so everything else is bundled in.
      externalizeDeps: false,
      rollupOptions: {
        input: { index: from('src/preload/index.ts') },
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: {
    root: from('src/renderer'),
    plugins: [react(), offlinePage()],
    build: {
      outDir: from('out/renderer'),
      rollupOptions: { input: from('src/renderer/index.html') },
    },
  },
})
