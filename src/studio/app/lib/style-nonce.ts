/**
 * The page's content security policy allows style elements with this nonce only. Mantine asks for it for each element it makes; the
 * scroll lock of its dialogs looks for the global variable that webpack has made customary.
 */
const nonce = document.querySelector<HTMLMetaElement>('meta[name="style-nonce"]')?.content ?? ''
Object.assign(globalThis, { __webpack_nonce__: nonce })

export function styleNonce(): string {
  return nonce
}
