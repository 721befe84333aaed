// A program of its own: builds the browser part of Studio. node vite-build.ts <app folder> <out folder>
import react from '@vitejs/plugin-react'
import { build } from 'vite'

const [appFolder = '', outFolder = ''] = process.argv.slice(2)

await build({
  root: appFolder,
  configFile: false,
  envFile: false,
  base: '/studio/',
  logLevel: 'error',
  plugins: [react()],
  build: {
    outDir: outFolder,
    emptyOutDir: true,
    assetsDir: 'assets',
    // Data URLs would need a wider policy, and files are cached for ever anyway.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 2_000,
  },
})
